/* SPDX-License-Identifier: MIT */
/* The start method fork: the child is a copy of its parent. */

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "process/child.h"
#include "process/method.h"
#include "process/stdio.h"

/* The child cannot be watched, so it must not be: it is still unreaped, its pid is its own. */
static int withdraw(const brood_process *process, pid_t pid, int err)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return error_set(err, "cannot start '%s': no file descriptor is left for its sentinel",
			 brood_process_name(process));
}

static int start_by_fork(brood_process *process, int *ret_pidfd)
{
	struct birth birth;
	child_prepare(process, &birth);
	stdio_flush_standard();
	SIGMASK_BLOCK_ALL(mask);
	pid_t pid = fork();
	if (pid == 0)
		child_main(&birth, &mask);
	if (pid < 0)
		return method_refused(process, errno);
	int fd = sys_pidfd_open(pid);
	if (fd < 0)
		return withdraw(process, pid, -fd);
	table_entered(process->slot, pid);
	process->pid = pid;
	*ret_pidfd = fd;
	return 0;
}

static int check_nothing(const brood_process *process)
{
	(void)process;
	return 0;
}

const start_method method_fork = {"fork", "ForkProcess", check_nothing, start_by_fork};
