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
 * sees, and which must not run glibc's in a process that is just being born. One of
 * these cancels threads, so cancellation is off meanwhile.
 *
 * To write where nobody may read, without the signal that this sends:
 *
 *	SIGPIPE_HOLD(hold);
 *	if (write(fd, data, size) < 0 && errno == EPIPE)
 *		sigpipe_discard(&hold);
 */

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/cancel.h"
#include "base/raw.h"

typedef struct sigmask {
	uint64_t before; /* the kernel's sigset_t */
} sigmask;

_Static_assert(_NSIG - 1 == 64, "the kernel's signal set is one 64-bit word");

static inline sigmask sigmask_change(int how, uint64_t signals)
{
	sigmask mask = {0};
	raw_syscall(SYS_rt_sigprocmask, how, (long)&signals, (long)&mask.before, sizeof(signals));
	return mask;
}

static inline void sigmask_restore(const sigmask *mask)
{
	raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask->before, 0, sizeof(mask->before));
}

/* Whether a signal has come that only the guard keeps from this thread. */
static inline bool sigmask_holds_back(const sigmask *mask)
{
	uint64_t pending = 0;
	raw_syscall(SYS_rt_sigpending, (long)&pending, sizeof(pending), 0, 0);
	return pending & ~mask->before;
}

/* Takes such signals, inside a SIGMASK_BLOCK_ALL(). */
static inline void sigmask_let_in(const sigmask *mask)
{
	sigmask_restore(mask);
	sigmask_change(SIG_SETMASK, UINT64_MAX);
}

#define SIGMASK_GUARD __attribute__((cleanup(sigmask_restore), unused)) const sigmask

#define SIGMASK_BLOCK_ALL(name)   \
	CANCEL_HOLD(name##_held); \
	SIGMASK_GUARD name = sigmask_change(SIG_SETMASK, UINT64_MAX)
#define SIGMASK_BLOCK(name, signal) \
	SIGMASK_GUARD name = sigmask_change(SIG_BLOCK, UINT64_C(1) << ((signal)-1))

typedef struct sigpipe {
	sigmask mask;
	bool pending; /* one was, that is the program's own */
} sigpipe;

static inline sigpipe sigpipe_begin(void)
{
	const uint64_t signal = UINT64_C(1) << (SIGPIPE - 1);
	sigpipe hold = {.mask = sigmask_change(SIG_BLOCK, signal)};
	uint64_t pending = 0;
	if (hold.mask.before & signal) /* else it would have been delivered */
		raw_syscall(SYS_rt_sigpending, (long)&pending, sizeof(pending), 0, 0);
	hold.pending = pending & signal;
	return hold;
}

/* After a write has failed with EPIPE: its signal is for the thread that wrote, and is taken back
 * before the mask is. */
static inline void sigpipe_discard(const sigpipe *hold)
{
	const uint64_t signal = UINT64_C(1) << (SIGPIPE - 1);
	const struct timespec at_once = {0};
	if (!hold->pending)
		raw_syscall(SYS_rt_sigtimedwait, (long)&signal, 0, (long)&at_once, sizeof(signal));
}

static inline void sigpipe_end(const sigpipe *hold)
{
	sigmask_restore(&hold->mask);
}

#define SIGPIPE_HOLD(name) \
	__attribute__((cleanup(sigpipe_end), unused)) const sigpipe name = sigpipe_begin()

#endif
