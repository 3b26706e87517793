/* SPDX-License-Identifier: MIT */
/* brood_init(), and what it learns about the program. */

#include "process/program.h"

#include <errno.h>
#include <link.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "base/error.h"
#include "base/sys.h"
#include "heap/join.h"
#include "process/launch.h"
#include "process/orphan.h"
#include "process/raise.h"
#include "process/server.h"

static struct {
	_Atomic int descriptor;
	sys_file file;
	char **arguments;
	_Atomic bool initialised;
} program = {.descriptor = -1};

/* Other constructors may take their time, or never return, and main() may. */
static void die_with_parent(const void *message)
{
	const enum launch_what what = *(const enum launch_what *)message;
	const struct server_birth *server = message;
	const struct launch *launch = message;
	if (what == LAUNCH_SERVER)
		orphan_die_with(server->parent, server->death_signal);
	else if (launch->death_signal)
		orphan_die_with(launch->parent, launch->death_signal);
}

/* glibc passes these to constructors, in libraries and programs alike. */
__attribute__((constructor(103))) static void program_begin(int argc, char **argv)
{
	(void)argc;
	program.arguments = argv;
	if (join_message())
		die_with_parent(join_message());
}

int program_descriptor(void)
{
	int fd = program.descriptor;
	return fd >= 0 && sys_is_file(fd, program.file) ? fd : -1;
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

static int has_interpreter(struct dl_phdr_info *program_info, size_t size, void *unused)
{
	(void)size, (void)unused;
	int i = 0;
	while (i < program_info->dlpi_phnum && program_info->dlpi_phdr[i].p_type != PT_INTERP)
		i++;
	return i < program_info->dlpi_phnum ? 1
					    : -1; /* the first is the program: look no further */
}

/*
 * Started as "ld.so program arguments", the file that the kernel runs is the loader, which has
 * taken itself out of the arguments: it must be called with the program once more.
 */
static void call_loader_again(void)
{
	if (getauxval(AT_BASE) != 0 || dl_iterate_phdr(has_interpreter, NULL) != 1)
		return;
	size_t count = 0;
	while (program.arguments[count])
		count++;
	char **with_loader = calloc(count + 2, sizeof(*with_loader));
	char *path = realpath(program.arguments[0], NULL);
	if (!with_loader || !path) {
		free(with_loader);
		free(path);
		return;
	}
	with_loader[0] = program.arguments[0];
	with_loader[1] = path;
	for (size_t i = 1; i < count; i++)
		with_loader[i + 1] = program.arguments[i];
	program.arguments = with_loader;
}

static void learn_program(void)
{
	if (atomic_exchange(&program.initialised, true))
		return;
	int fd = sys_open_path("/proc/self/exe");
	program.file = sys_file_of(fd);
	program.descriptor = fd;
	call_loader_again();
}

static void begin(const struct launch *launch)
{
	struct birth birth;
	launch->process->began = true;
	lineage_adopt();
	launch_settle(launch, &birth);
	launch_run(launch, &birth, NULL);
}

int brood_init(void)
{
	int r = heap_require();
	if (r < 0 && join_wanted()) /* main's body is not for this process */
		raise_import_error(brood_error());
	if (r < 0)
		return r;
	void *message = join_message();
	learn_program();
	join_set_message(NULL);
	if (message && *(const enum launch_what *)message == LAUNCH_SERVER)
		server_main(message);
	if (message)
		begin(message);
	return 0;
}
