/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIGMASK_H
#define BASE_SIGMASK_H

/*
 * The one way to change a signal mask: a guard that puts back what it found at
 * the end of its scope, on every path.
 *
 *	SIGMASK_BLOCK_ALL(mask);
 *	SIGMASK_BLOCK(mask, SIGPIPE);
 *
 * All means all: glibc's internal signals too, which no handler of the program
 * sees, and which must not run glibc's in a process that is just being born.
 */

#include <signal.h>
#include <stdint.h>

#include "base/raw.h"

typedef struct sigmask {
	uint64_t before; /* the kernel's sigset_t */
} sigmask;

_Static_assert(_NSIG - 1 == 64, "the kernel's signal set is one 64-bit word");

static inline sigmask sigmask_change(int how, uint64_t signals)
{
	sigmask mask;
	raw_syscall(SYS_rt_sigprocmask, how, (long)&signals, (long)&mask.before, sizeof(signals));
	return mask;
}

static inline void sigmask_restore(const sigmask *mask)
{
	raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask->before, 0, sizeof(mask->before));
}

#define SIGMASK_GUARD		__attribute__((cleanup(sigmask_restore), unused)) const sigmask

#define SIGMASK_BLOCK_ALL(name) SIGMASK_GUARD name = sigmask_change(SIG_SETMASK, UINT64_MAX)
#define SIGMASK_BLOCK(name, signal) \
	SIGMASK_GUARD name = sigmask_change(SIG_BLOCK, UINT64_C(1) << ((signal)-1))

#endif
