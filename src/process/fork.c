/* SPDX-License-Identifier: MIT */
/* The start method fork: the child is a copy of its parent. */

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/newborn.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "log/log.h"
#include "process/child.h"
#include "process/method.h"
#include "process/stdio.h"

/* The child would need a descriptor that is not to be had, so it must not be. It is unreaped, and
 * its pid its own: descriptors run out while it lives. */
static int withdraw(const brood_process *process, pid_t pid, int err)
{
	sys_kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return error_set(err, "cannot start '%s': no file descriptor is left for its sentinel",
			 brood_process_name(process));
}

/* Whether other threads run now; glibc's flag alone stays down when they have ended. */
static bool has_threads(const struct birth *birth)
{
	return birth->threaded && sys_has_threads();
}

static void warn_of_threads(const brood_process *process)
{
	static _Atomic bool warned;
	if (!atomic_exchange(&warned, true))
		log_warning(
			"'%s' is forked from a process with threads: what they hold locked stays "
			"locked in it for ever; the start methods spawn and forkserver are safe",
			brood_process_name(process));
}

NEWBORN static int start_by_fork(brood_process *process, int *ret_pidfd)
{
	struct birth birth;
	child_prepare(process, &birth);
	if (has_threads(&birth))
		warn_of_threads(process);
	stdio_flush_standard();
	SIGMASK_BLOCK_ALL(mask);
	pid_t pid = fork();
	if (pid == 0)
		child_main(&birth, &mask);
	if (pid < 0)
		return method_refused(brood_process_name(process), errno);
	int fd = sys_pidfd_open(pid);
	if (fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM)
		return withdraw(process, pid, -fd);
	/* Otherwise there is only its pid to go by: valgrind and some sandboxes know no pidfds, and
	 * where SIGCHLD is ignored it may have ended and gone already. */
	table_entered(process->slot, pid);
	process_set_pid(process, pid);
	*ret_pidfd = fd;
	return 0;
}

static int check_nothing(const brood_process *process)
{
	(void)process;
	return 0;
}

const start_method method_fork = {"fork", "ForkProcess", check_nothing, start_by_fork};
