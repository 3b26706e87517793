/* SPDX-License-Identifier: MIT */
/*
 * The start method spawn: the program is run anew. The new process finds its family as
 * heap/join.h says, and brood_init() in its main() runs the target.
 *
 * Nothing is inherited but what execute.h names.
 */

#include <errno.h>

#include "base/sys.h"
#include "process/execute.h"
#include "process/given.h"
#include "process/launch.h"
#include "process/method.h"
#include "process/program.h"

static int start_by_spawn(brood_process *process, int *ret_pidfd)
{
	int given;
	int r = given_pack(process->given, &given);
	if (r < 0)
		return r;
	process->launch = launch_new(process, 0);
	if (!process->launch) {
		sys_close(given);
		return -errno;
	}
	process->launch->given = given;
	struct execution what = {
		.place = table_place_of(process->slot),
		.message = process->launch,
		.kept = given,
		.name = brood_process_name(process),
		.keep_mask = true,
	};
	pid_t pid;
	int fd = execute_program(&what, &pid);
	sys_close(given);
	if (fd < 0) {
		launch_free(process);
		return fd;
	}
	table_entered(process->slot, pid);
	process_set_pid(process, pid);
	*ret_pidfd = fd;
	return 0;
}

static int check_spawn(const brood_process *process)
{
	int r = program_check(process->method->name);
	return r < 0 ? r : launch_check(process);
}

const start_method method_spawn = {"spawn", "SpawnProcess", check_spawn, start_by_spawn};
