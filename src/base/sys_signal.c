/* SPDX-License-Identifier: MIT */
/* Signals as a crash handler needs them, and memory that may not be there. */

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/raw.h"
#include "base/sys.h"

#if defined(__x86_64__)
/* A handler returns here. By its bytes, glibc's own, debuggers know the frame for what it is. */
extern void sys_signal_return(void) __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
	"	.balign 16\n"
	"	.globl sys_signal_return\n"
	"	.hidden sys_signal_return\n"
	"	.type sys_signal_return, @function\n"
	"sys_signal_return:\n"
	"	mov $15, %rax\n"
	"	syscall\n"
	"	.size sys_signal_return, . - sys_signal_return\n"
	"	.popsection\n");
#define RESTORER      ((uintptr_t)sys_signal_return)
#define WITH_RESTORER 0x04000000UL
#else
#define RESTORER      0
#define WITH_RESTORER 0UL
#endif

#if defined(__x86_64__) || defined(__aarch64__)
NEWBORN static long change(int signal, const struct kernel_sigaction *action,
			   struct kernel_sigaction *old)
{
	return raw_syscall(SYS_rt_sigaction, signal, (long)action, (long)old, sizeof(old->mask));
}
#else
/* Elsewhere the kernel's struct may be another. */
NEWBORN static long change(int signal, const struct kernel_sigaction *action,
			   struct kernel_sigaction *old)
{
	struct sigaction to = {.sa_flags = (int)action->flags}, from;
	to.sa_sigaction = (void (*)(int, siginfo_t *, void *))action->handler;
	if (action->mask)
		sigfillset(&to.sa_mask);
	if (sigaction(signal, &to, &from) < 0)
		return -errno;
	old->handler = (uintptr_t)from.sa_sigaction;
	return 0;
}
#endif

NEWBORN bool sys_catch(int signal, sys_handler *handler)
{
	struct kernel_sigaction old = {0};
	const struct kernel_sigaction ours = {
		.handler = (uintptr_t)handler,
		.flags = SA_SIGINFO | SA_ONSTACK | WITH_RESTORER,
		.restorer = RESTORER,
		.mask = ~(UINT64_C(1) << (SIGALRM - 1)),
	};
	if (change(signal, &ours, &old) < 0)
		return false;
	if (old.handler == (uintptr_t)SIG_DFL || old.handler == (uintptr_t)handler)
		return true;
	change(signal, &old, &old);
	return false;
}

void sys_uncatch(int signal)
{
	struct kernel_sigaction by_default = {0}, old;
	change(signal, &by_default, &old);
}

int sys_signal_again(int signal, const siginfo_t *info)
{
	return (int)raw_syscall(SYS_rt_tgsigqueueinfo, raw_syscall(SYS_getpid, 0, 0, 0, 0),
				sys_gettid(), signal, (long)info);
}

/* Where process_vm_readv() is refused: write(2) looks at the memory without a fault, too. */
static size_t read_through_pipe(char *to, uintptr_t from, size_t size)
{
	enum { PIECE = 512 }; /* a pipe takes it whole, and pages are multiples of it */
	int ends[2];
	size_t done = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return 0;
	while (done < size) {
		size_t piece = PIECE - (from + done) % PIECE;
		if (piece > size - done)
			piece = size - done;
		ssize_t r = write(ends[1], (const char *)from + done, piece);
		if (r <= 0 || read(ends[0], to + done, (size_t)r) != r)
			break;
		done += (size_t)r;
	}
	close(ends[0]);
	close(ends[1]);
	return done;
}

size_t sys_read_memory(void *to, uintptr_t from, size_t size)
{
	struct iovec here = {.iov_base = to, .iov_len = size};
	struct iovec there = {.iov_base = (void *)from, .iov_len = size};
	pid_t self = (pid_t)raw_syscall(SYS_getpid, 0, 0, 0, 0);
	ssize_t r = process_vm_readv(self, &here, 1, &there, 1, 0);
	if (r >= 0)
		return (size_t)r;
	return errno == EFAULT ? 0 : read_through_pipe(to, from, size);
}
