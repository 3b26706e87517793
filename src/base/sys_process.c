/* SPDX-License-Identifier: MIT */
/* Processes: pidfds, waiting, and what a new one does first. */

#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/newborn.h"
#include "base/raw.h"
#include "base/sys.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* From linux/pidfd.h of 6.15; older headers lack it. */
struct pidfd_info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_INFO_CGROUP_MASK (UINT64_C(1) << 2)
#define PIDFD_INFO_EXIT_MASK   (UINT64_C(1) << 3)
#define PIDFD_INFO_GET	       _IOWR(0xFF, 11, struct pidfd_info)

NEWBORN pid_t sys_gettid(void)
{
	return (pid_t)raw_syscall(SYS_gettid, 0, 0, 0, 0);
}

/* How many threads there are; 0 where there is no /proc. */
static nlink_t count_threads(void)
{
	struct stat tasks;
	return stat("/proc/self/task", &tasks) == 0 ? tasks.st_nlink - 2 : 0;
}

bool sys_has_threads(void)
{
	return count_threads() > 1;
}

bool sys_has_one_thread(void)
{
	return count_threads() == 1;
}

/* By the version: the call answers for a process that has not ended as if it knew nothing. */
static bool kernel_is_at_least(unsigned long major, unsigned long minor)
{
	struct utsname name;
	char *end;
	if (uname(&name) < 0)
		return false;
	unsigned long have_major = strtoul(name.release, &end, 10);
	unsigned long have_minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return have_major > major || (have_major == major && have_minor >= minor);
}

NEWBORN bool sys_keeps_status(void)
{
	static _Atomic int known; /* 1 no, 2 yes */
	if (!known)
		known = 1 + kernel_is_at_least(6, 15);
	return known == 2;
}

int sys_kill(pid_t pid, int signal)
{
	return pid > 0 ? sys_result(kill(pid, signal)) : -ESRCH;
}

int sys_pidfd_open(pid_t pid)
{
	return sys_above_standard_streams(sys_result(syscall(SYS_pidfd_open, pid, 0)));
}

int sys_pidfd_signal(int pidfd, int signal)
{
	return sys_result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

static int wait_for(int id_type, int id, int options, siginfo_t *info, struct rusage *usage)
{
	long r;
	info->si_pid = 0;
	do {
		r = syscall(SYS_waitid, id_type, id, info, options, usage);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return info->si_pid != 0;
}

/* A child that is not reaped keeps its pid, so this may stand in where a sandbox refuses the other.
 */
static int wait_for_child(pid_t pid, int pidfd, int options, siginfo_t *info, struct rusage *usage)
{
	int r = pidfd < 0 ? -ENOSYS : wait_for(P_PIDFD, pidfd, options, info, usage);
	return r >= 0 || r == -ECHILD || r == -EBADF ? r
						     : wait_for(P_PID, pid, options, info, usage);
}

int sys_wait_child(pid_t pid, int pidfd, int options, siginfo_t *info)
{
	return wait_for_child(pid, pidfd, options, info, NULL);
}

int sys_reap_child(pid_t pid, int pidfd, siginfo_t *info, struct rusage *usage)
{
	return wait_for_child(pid, pidfd, WEXITED | WNOHANG | __WALL, info, usage);
}

int sys_wait_peek(siginfo_t *info)
{
	return wait_for(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT | __WALL, info, NULL);
}

int sys_pidfd_wait(int pidfd, const struct timespec *left)
{
	CANCEL_HOLD(held);
	struct pollfd poll_for = {.fd = pidfd, .events = POLLIN};
	return sys_result(ppoll(&poll_for, 1, left, NULL));
}

bool sys_pidfd_ended(int pidfd)
{
	struct timespec at_once = {0};
	int r;
	do {
		r = sys_pidfd_wait(pidfd, &at_once);
	} while (r == -EINTR);
	return r > 0;
}

int sys_pidfd_status(int pidfd, int *ret_status)
{
	struct pidfd_info info = {.mask = PIDFD_INFO_EXIT_MASK};
	if (ioctl(pidfd, PIDFD_INFO_GET, &info) < 0 || !(info.mask & PIDFD_INFO_EXIT_MASK))
		return -ENODATA;
	*ret_status = info.exit_code;
	return 0;
}

int sys_pidfd_cgroup(int pidfd, uint64_t *ret_id)
{
	struct pidfd_info info = {.mask = PIDFD_INFO_CGROUP_MASK};
	if (ioctl(pidfd, PIDFD_INFO_GET, &info) < 0 || !(info.mask & PIDFD_INFO_CGROUP_MASK))
		return -ENODATA;
	*ret_id = info.cgroupid;
	return 0;
}

/* glibc's, from 2.32 on. */
extern char __libc_single_threaded __attribute__((weak));

pid_t sys_fork_helper(void)
{
	/* Beside other threads only glibc's fork() leaves malloc() and the loader usable. */
	if (&__libc_single_threaded && __libc_single_threaded)
		return (pid_t)raw_syscall(SYS_clone, 0, 0, 0, 0);
	pid_t pid = fork();
	return pid < 0 ? -errno : pid;
}

NEWBORN void sys_set_comm(const char *name)
{
	raw_syscall(SYS_prctl, PR_SET_NAME, (long)name, 0, 0);
}

NEWBORN void sys_adopt_orphans(void)
{
	raw_syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0);
}

NEWBORN bool sys_children_are_ignored(void)
{
	struct kernel_sigaction now = {0};
	raw_syscall(SYS_rt_sigaction, SIGCHLD, 0, (long)&now, sizeof(now.mask));
	return now.handler == (uintptr_t)SIG_IGN || now.flags & SA_NOCLDWAIT;
}

/* glibc's clone() by its other name: ThreadSanitizer takes the first for a fork, and writes down in
 * the memory that is still shared that this process is a forked one. */
extern int __clone(int (*f)(void *), void *stack_top, int flags, void *arg, ...);

int sys_vfork(int (*f)(void *), void *arg, void *stack_top, pid_t *ret_pid)
{
	int pidfd = -1;
	pid_t pid =
		__clone(f, stack_top, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, arg, &pidfd);
	if (pid < 0)
		return -errno;
	*ret_pid = pid;
	return sys_above_standard_streams(pidfd);
}
