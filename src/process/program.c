/* SPDX-License-Identifier: MIT */
/* brood_init(), and what it learns about the program. */

#include "process/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "base/error.h"
#include "base/sys.h"
#include "heap/join.h"
#include "process/launch.h"

static struct {
	_Atomic int descriptor;
	char **arguments;
	_Atomic bool initialised;
} program = {.descriptor = -1};

/* glibc passes these to constructors, in libraries and programs alike. */
__attribute__((constructor(103))) static void program_begin(int argc, char **argv)
{
	(void)argc;
	program.arguments = argv;
}

int program_descriptor(void)
{
	return program.descriptor;
}

char **program_arguments(void)
{
	return program.arguments;
}

int program_check(const char *method)
{
	if (join_message())
		return error_set(EINVAL,
				 "an attempt has been made to start a new process before the "
				 "current process has finished its bootstrapping phase: call "
				 "brood_init() at the top of main(), before anything else");
	if (!program.initialised)
		return error_set(EINVAL,
				 "the start method %s runs the program anew: call brood_init() at "
				 "the top of main(), so that the new process runs its target "
				 "there, and not main again",
				 method);
	return 0;
}

int brood_init(void)
{
	int r = heap_require();
	if (r < 0)
		return r;
	const struct launch *launch = join_message();
	if (!atomic_exchange(&program.initialised, true))
		program.descriptor = sys_open_path("/proc/self/exe");
	if (launch) {
		join_set_message(NULL);
		launch_resume(launch);
	}
	return 0;
}
