/* SPDX-License-Identifier: MIT */
/* Files, memory and futexes. */

#include "base/sys.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/newborn.h"
#include "base/raw.h"
#include "base/sigmask.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

NEWBORN int sys_above_standard_streams(int fd)
{
	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	CANCEL_HOLD(held);
	int moved = sys_result(fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
	close(fd);
	return moved;
}

void sys_close(int fd)
{
	CANCEL_HOLD(held);
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
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
	CANCEL_HOLD(held);
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
	return sys_above_standard_streams(fd);
}

static int retry_fallocate(int fd, int mode, off_t offset, off_t length)
{
	CANCEL_HOLD(held);
	int r;
	do {
		r = sys_result(fallocate(fd, mode, offset, length));
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
		r = sys_result(madvise(start, length, advice));
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

NEWBORN int sys_futex_wait(const _Atomic uint32_t *word, uint32_t expected,
			   const struct timespec *left)
{
	int r = (int)raw_syscall5(SYS_futex, (long)word, FUTEX_WAIT, expected, (long)left, 0);
	return r == -EAGAIN ? 0 : r;
}

NEWBORN int sys_futex_wake(_Atomic uint32_t *word, int count)
{
	return (int)raw_syscall_sure(SYS_futex, (long)word, FUTEX_WAKE, count, 0, 0, 0);
}

int sys_futex_or_wake(_Atomic uint32_t *word, uint32_t bit, int count)
{
	/* Changes nothing, but who sees the bit sees all that was done before. */
	atomic_fetch_or(word, 0);
	/* "word |= 1 << shift"; what wakes more, if the word was 0, is the call's second half,
	 * which cannot be left out. Nobody sleeps then. */
	uint32_t shift = (uint32_t)__builtin_ctz(bit);
	uint32_t op = (uint32_t)(FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT) << 28 |
		      (uint32_t)FUTEX_OP_CMP_EQ << 24 | shift << 12;
	int r = sys_result(syscall(SYS_futex, word, FUTEX_WAKE_OP, count, NULL, word, op));
	if (r >= 0)
		return r;
	atomic_fetch_or(word, bit); /* a sandbox that does not know it */
	return sys_futex_wake(word, count);
}

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

/* The kernel's struct futex_waitv, which older headers lack. */
struct waited_futex {
	uint64_t expected;
	uint64_t address;
	uint32_t flags;
	uint32_t reserved;
};

int sys_futex_wait_any(const sys_futex *words, unsigned count, const struct timespec *until)
{
	enum { SHARED_32_BITS = 2 };
	struct waited_futex waited[3] = {0};
	for (unsigned i = 0; i < count; i++)
		waited[i] = (struct waited_futex){
			.expected = words[i].expected,
			.address = (uintptr_t)words[i].word,
			.flags = SHARED_32_BITS,
		};
	int r = sys_result(syscall(SYS_futex_waitv, waited, count, 0, until, CLOCK_MONOTONIC));
	return r == -EAGAIN ? (int)count : r;
}

struct robust_list_head *sys_robust_list(void)
{
	struct robust_list_head *head;
	size_t size;
	return syscall(SYS_get_robust_list, 0, &head, &size) == 0 ? head : NULL;
}

ssize_t sys_read_file(const char *path, char *buffer, size_t size)
{
	CANCEL_HOLD(held);
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
	CANCEL_HOLD(held);
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

static _Atomic int null_descriptor = -1;

/* glibc's fstat() looks up an empty path, which takes three times as long. */
static bool look_at(int fd, struct stat *ret)
{
	return raw_syscall(SYS_fstat, fd, (long)ret, 0, 0) == 0;
}

sys_file sys_file_of(int fd)
{
	struct stat file = {0};
	if (!look_at(fd, &file))
		return (sys_file){0};
	return (sys_file){.device = file.st_dev, .inode = file.st_ino};
}

static bool is_null_device(int fd)
{
	struct stat file = {0};
	return look_at(fd, &file) && S_ISCHR(file.st_mode) && file.st_rdev == makedev(1, 3);
}

/* Opened once: to look up a path in every new process takes as long as ten system calls. But a
 * program may close all descriptors, and give this one's number to a file of its own. */
int sys_null(void)
{
	CANCEL_HOLD(held);
	int kept = null_descriptor;
	if (kept >= 0 && is_null_device(kept))
		return kept;
	int fd = sys_above_standard_streams(sys_result(open("/dev/null", O_RDWR | O_CLOEXEC)));
	if (fd >= 0 && !atomic_compare_exchange_strong(&null_descriptor, &kept, fd)) {
		close(fd);
		return kept;
	}
	return fd;
}

NEWBORN int sys_make_empty(int fd)
{
	long r = raw_syscall(SYS_dup3, null_descriptor, fd, 0, 0);
	if (r < 0) /* without /dev/null: the standard stream must not remain the parent's */
		raw_syscall(SYS_close, fd, 0, 0, 0);
	return r < 0 ? (int)r : 0;
}

int sys_open_path(const char *path)
{
	CANCEL_HOLD(held);
	return sys_above_standard_streams(sys_result(open(path, O_PATH | O_CLOEXEC)));
}
