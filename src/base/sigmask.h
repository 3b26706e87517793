/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIGMASK_H
#define BASE_SIGMASK_H

/*
 * The one way to change a signal mask: a guard that puts back what it found at
 * the end of its scope, on every path.
 *
 *	SIGMASK_BLOCK_ALL(mask);
 *	SIGMASK_BLOCK(mask, SIGPIPE);
 */

#include <pthread.h>
#include <signal.h>

typedef struct sigmask {
	sigset_t before;
} sigmask;

static inline sigmask sigmask_block_all(void)
{
	sigmask mask;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &mask.before);
	return mask;
}

static inline sigmask sigmask_block(int signal)
{
	sigmask mask;
	sigset_t one;
	sigemptyset(&one);
	sigaddset(&one, signal);
	pthread_sigmask(SIG_BLOCK, &one, &mask.before);
	return mask;
}

static inline void sigmask_restore(const sigmask *mask)
{
	pthread_sigmask(SIG_SETMASK, &mask->before, NULL);
}

#define SIGMASK_GUARD		    __attribute__((cleanup(sigmask_restore), unused)) const sigmask

#define SIGMASK_BLOCK_ALL(name)	    SIGMASK_GUARD name = sigmask_block_all()
#define SIGMASK_BLOCK(name, signal) SIGMASK_GUARD name = sigmask_block(signal)

#endif
