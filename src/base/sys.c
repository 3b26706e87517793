/* SPDX-License-Identifier: MIT */

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/raw.h"
#include "base/sigmask.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* From linux/pidfd.h of 6.15; older headers lack it. */
struct pidfd_info {
	uint64_t mask;
	uint64_t cgroupid;
	uint32_t pid, tgid, ppid;
	uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_INFO_EXIT_MASK (UINT64_C(1) << 3)
#define PIDFD_INFO_GET	     _IOWR(0xFF, 11, struct pidfd_info)

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

pid_t sys_gettid(void)
{
	return (pid_t)raw_syscall(SYS_gettid, 0, 0, 0, 0);
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

bool sys_keeps_status(void)
{
	static _Atomic int known; /* 1 no, 2 yes */
	if (!known)
		known = 1 + kernel_is_at_least(6, 15);
	return known == 2;
}

/* Moves a new descriptor above 2: where the program runs with a standard stream closed, ours must
 * not take its place, since children replace their standard input. */
static int above_standard_streams(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	int moved = result(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
	close(fd);
	return moved;
}

int sys_pidfd_open(pid_t pid)
{
	return above_standard_streams(result(syscall(SYS_pidfd_open, pid, 0)));
}

int sys_pidfd_signal(int pidfd, int signal)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

static int wait_for(int id_type, int id, int options, siginfo_t *info)
{
	long r;
	info->si_pid = 0;
	do {
		r = syscall(SYS_waitid, id_type, id, info, options, NULL);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	return info->si_pid != 0;
}

int sys_wait_child(pid_t pid, int pidfd, int options, siginfo_t *info)
{
	return pidfd < 0 ? wait_for(P_PID, pid, options, info)
			 : wait_for(P_PIDFD, pidfd, options, info);
}

int sys_wait_peek(siginfo_t *info)
{
	return wait_for(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT | __WALL, info);
}

int sys_pidfd_wait(int pidfd, const struct timespec *left)
{
	struct pollfd poll_for = {.fd = pidfd, .events = POLLIN};
	return result(ppoll(&poll_for, 1, left, NULL));
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

static int seal(int fd, size_t size)
{
	if (ftruncate(fd, (off_t)size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
		return -errno;
	return 0;
}

int sys_memfd(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
	if (fd < 0 && errno == EINVAL) /* before Linux 6.3 */
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int r = seal(fd, size);
	if (r < 0) {
		close(fd);
		return r;
	}
	return above_standard_streams(fd);
}

static int retry_fallocate(int fd, int mode, off_t offset, off_t length)
{
	int r;
	do {
		r = result(fallocate(fd, mode, offset, length));
	} while (r == -EINTR);
	return r;
}

int sys_allocate(int fd, off_t offset, off_t length)
{
	return retry_fallocate(fd, 0, offset, length);
}

int sys_punch(int fd, off_t offset, off_t length)
{
	return retry_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
}

static int retry_madvise(void *start, size_t length, int advice)
{
	int r;
	do {
		r = result(madvise(start, length, advice));
	} while (r == -EINTR || r == -EAGAIN);
	return r;
}

int sys_populate(void *start, size_t length)
{
	int r = retry_madvise(start, length, MADV_POPULATE_WRITE);
	return r == -EFAULT ? -ENOMEM : r;
}

int sys_remove(void *start, size_t length)
{
	return retry_madvise(start, length, MADV_REMOVE);
}

int sys_futex_wait(const _Atomic uint32_t *word, uint32_t expected, const struct timespec *left)
{
	int r = result(syscall(SYS_futex, word, FUTEX_WAIT, expected, left, NULL, 0));
	return r == -EAGAIN ? 0 : r;
}

int sys_futex_wake(_Atomic uint32_t *word, int count)
{
	return result(syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0));
}

ssize_t sys_read_file(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	size_t length = 0;
	ssize_t r;
	while ((r = read(fd, buffer + length, size - 1 - length)) != 0) {
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			break;
		length += (size_t)r;
	}
	int saved = errno;
	close(fd);
	if (r < 0)
		return -saved;
	buffer[length] = '\0';
	return (ssize_t)length;
}

int sys_write_all(int fd, const void *data, size_t size)
{
	SIGPIPE_HOLD(hold);
	const char *next = data;
	while (size > 0) {
		ssize_t r = write(fd, next, size);
		if (r < 0 && errno == EINTR)
			continue;
		int err = errno;
		if (r < 0 && err == EPIPE)
			sigpipe_discard(&hold);
		if (r < 0)
			return -err;
		next += r;
		size -= (size_t)r;
	}
	return 0;
}

void sys_set_comm(const char *name)
{
	raw_syscall(SYS_prctl, PR_SET_NAME, (long)name, 0, 0);
}

static _Atomic int null_descriptor = -1;

static bool is_null_device(int fd)
{
	struct stat file;
	/* glibc's fstat() looks up an empty path, which takes three times as long. */
	return raw_syscall(SYS_fstat, fd, (long)&file, 0, 0) == 0 && S_ISCHR(file.st_mode) &&
	       file.st_rdev == makedev(1, 3);
}

/* Opened once: to look up a path in every new process takes as long as ten system calls. But a
 * program may close all descriptors, and give this one's number to a file of its own. */
int sys_null(void)
{
	int kept = null_descriptor;
	if (kept >= 0 && is_null_device(kept))
		return kept;
	int fd = above_standard_streams(result(open("/dev/null", O_RDWR | O_CLOEXEC)));
	if (fd >= 0 && !atomic_compare_exchange_strong(&null_descriptor, &kept, fd)) {
		close(fd);
		return kept;
	}
	return fd;
}

int sys_make_empty(int fd)
{
	long r = raw_syscall(SYS_dup3, null_descriptor, fd, 0, 0);
	if (r < 0) /* without /dev/null: the standard stream must not remain the parent's */
		raw_syscall(SYS_close, fd, 0, 0, 0);
	return r < 0 ? (int)r : 0;
}

bool sys_children_are_ignored(void)
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
	return above_standard_streams(pidfd);
}

int sys_open_path(const char *path)
{
	return above_standard_streams(result(open(path, O_PATH | O_CLOEXEC)));
}
