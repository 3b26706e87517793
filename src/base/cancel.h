/* SPDX-License-Identifier: MIT */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

/*
 * No function of the library is a cancellation point (pthread_cancel): a thread that ended in the
 * middle of one would keep locks, references and descriptors. What calls a function that is one
 * does so in a scope with
 *
 *	CANCEL_HOLD(held);
 *
 * The sys_* functions do, and raw and futex calls are no cancellation points.
 */

#include <pthread.h>

static inline int cancel_hold(void)
{
	int before;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	return before;
}

static inline void cancel_restore(const int *before)
{
	pthread_setcancelstate(*before, NULL);
}

#define CANCEL_HOLD(name) \
	__attribute__((cleanup(cancel_restore), unused)) const int name = cancel_hold()

#endif
