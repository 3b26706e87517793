/* SPDX-License-Identifier: MIT */

#include "base/pidref.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/procfs.h"
#include "base/raw.h"
#include "base/sys.h"

NEWBORN static uint64_t ticks_since_boot(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	/* Kept: sysconf() lies on a page of its own, which each new process would touch. */
	static _Atomic uint64_t per_second;
	if (!per_second)
		per_second = (uint64_t)sysconf(_SC_CLK_TCK);
	return (uint64_t)now.tv_sec * per_second +
	       (uint64_t)now.tv_nsec * per_second / UINT64_C(1000000000);
}

NEWBORN pidref pidref_of(pid_t pid)
{
	return (pidref){.pid = pid, .started = ticks_since_boot()};
}

NEWBORN pidref pidref_self(void)
{
	return pidref_of((pid_t)raw_syscall(SYS_getpid, 0, 0, 0, 0));
}

/* When the process with this pid started, or 0 when there is none, or no /proc. */
static uint64_t start_time(pid_t pid)
{
	proc_stat stat;
	return proc_read_stat(pid, &stat) < 0 ? 0 : stat.started;
}

int pidref_open(pidref process)
{
	int fd = sys_pidfd_open(process.pid);
	if (fd < 0)
		return fd == -EINVAL ? -ESRCH : fd;
	/* Read after the open: while the descriptor is held its pid may be recycled, but then the
	 * process that is found under it started later. */
	if (process.started && start_time(process.pid) > process.started) {
		sys_close(fd);
		return -ESRCH;
	}
	return fd;
}

/*
 * Where a sandbox refuses pidfds, or no descriptor is left. A process that has ended and is not
 * reaped is known to its parent, and to others by /proc; its first thread alone may have ended.
 */
static bool dead_by_pid(pidref process)
{
	siginfo_t info;
	proc_stat stat;
	if (sys_kill(process.pid, 0) == -ESRCH)
		return true;
	if (sys_wait_child(process.pid, -1, WEXITED | WNOHANG | WNOWAIT | __WALL, &info) == 1)
		return true;
	if (proc_read_stat(process.pid, &stat) < 0)
		return false;
	bool recycled = process.started && stat.started > process.started;
	return recycled || (strchr("ZX", stat.state) && stat.threads < 2);
}

bool pidref_dead(pidref process)
{
	int fd = pidref_open(process);
	if (fd < 0)
		return fd == -ESRCH || dead_by_pid(process);
	bool dead = sys_pidfd_ended(fd);
	sys_close(fd);
	return dead;
}
