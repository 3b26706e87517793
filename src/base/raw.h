/* SPDX-License-Identifier: MIT */
#ifndef BASE_RAW_H
#define BASE_RAW_H

/*
 * System calls made in place, for the first moments of a new process. There
 * every page of code that is first touched costs a fault of several
 * microseconds, and each of glibc's wrappers lies on a page of its own; four
 * of them would cost a tenth of the whole fork.
 *
 * Returns what the kernel returns: a negative errno on failure; errno is untouched.
 */

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In the build for the tests of faults, a call can be made to fail: then this is its negative
 * errno. */
#ifdef BROOD_FAULTS
long fault_raw(long number);
#else
static inline long fault_raw(long number)
{
	(void)number;
	return 0;
}
#endif

/* For a call whose failure there is no answer to: the tests do not make it fail. */
static inline long raw_syscall_sure(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
	long result;
	register long fourth __asm__("r10") = d;
	register long fifth __asm__("r8") = e;
	register long sixth __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long nr __asm__("x8") = number;
	register long first __asm__("x0") = a;
	register long second __asm__("x1") = b;
	register long third __asm__("x2") = c;
	register long fourth __asm__("x3") = d;
	register long fifth __asm__("x4") = e;
	register long sixth __asm__("x5") = f;
	__asm__ volatile("svc 0"
			 : "+r"(first)
			 : "r"(nr), "r"(second), "r"(third), "r"(fourth), "r"(fifth), "r"(sixth)
			 : "memory");
	return first;
#else
	int saved = errno;
	long result = syscall(number, a, b, c, d, e, f);
	if (result < 0)
		result = -errno;
	errno = saved;
	return result;
#endif
}

static inline long raw_syscall6(long number, long a, long b, long c, long d, long e, long f)
{
	long fault = fault_raw(number);
	return fault ? fault : raw_syscall_sure(number, a, b, c, d, e, f);
}

static inline long raw_syscall5(long number, long a, long b, long c, long d, long e)
{
	return raw_syscall6(number, a, b, c, d, e, 0);
}

static inline long raw_syscall(long number, long a, long b, long c, long d)
{
	return raw_syscall5(number, a, b, c, d, 0);
}

/* For the body of a loop that waits for another processor. */
static inline void raw_relax(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* The kernel's struct sigaction; all zero is SIG_DFL. */
struct kernel_sigaction {
	uintptr_t handler;
	unsigned long flags;
	uintptr_t restorer;
	uint64_t mask;
};

static inline long raw_execveat(int fd, const char *path, char *const *argv, char *const *envp,
				int flags)
{
	return raw_syscall5(SYS_execveat, fd, (long)path, (long)argv, (long)envp, flags);
}

#endif
