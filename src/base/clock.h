/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Deadlines: absolute times on the monotonic clock, so that a wait that is
 * interrupted and resumed never grows. */

#include <stdint.h>
#include <time.h>

/* Nanoseconds of CLOCK_MONOTONIC; DEADLINE_NEVER never comes. */
typedef int64_t deadline;
#define DEADLINE_NEVER INT64_MAX

/* Nanoseconds since an arbitrary start, never going back. */
int64_t clock_now(void);

/*
 * The deadline `seconds` from now: at once for zero or less, never for more than
 * 1e9. Returns 0, or -EINVAL (with its sentence) for NaN.
 */
int deadline_in(double seconds, deadline *ret);

/* Sleeps until then, whatever signals come. */
void clock_sleep(deadline when);

/*
 * The time left, for ppoll() and futexes: NULL when the deadline never comes,
 * else *storage, which is zero once it has passed.
 */
const struct timespec *deadline_left(deadline when, struct timespec *storage);

#endif
