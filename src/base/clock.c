/* SPDX-License-Identifier: MIT */

#include "base/clock.h"

#include <errno.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "base/newborn.h"

enum { NS_PER_S = 1000000000 };

NEWBORN int64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* By its bits: isnan() and x != x are folded away under -ffast-math. */
static int is_nan(double x)
{
	uint64_t bits;
	memcpy(&bits, &x, sizeof(bits));
	return (bits << 1) > (UINT64_C(0x7ff) << 53);
}

int deadline_in(double seconds, deadline *ret)
{
	if (is_nan(seconds)) {
		error_set(EINVAL,
			  "the timeout is not a number (NaN): pass seconds, or BROOD_FOREVER");
		return -EINVAL;
	}
	if (seconds > 1e9)
		*ret = DEADLINE_NEVER;
	else if (seconds <= 0)
		*ret = 0;
	else
		*ret = clock_now() + (int64_t)(seconds * NS_PER_S);
	return 0;
}

const struct timespec *deadline_left(deadline when, struct timespec *storage)
{
	if (when == DEADLINE_NEVER)
		return NULL;
	int64_t left = when ? when - clock_now() : 0;
	if (left < 0)
		left = 0;
	*storage = (struct timespec){.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
	return storage;
}

/* Not clock_nanosleep() to the deadline itself: ThreadSanitizer does not know it, and would hold
 * back signal handlers until it returns. */
void clock_sleep(deadline when)
{
	CANCEL_HOLD(held);
	struct timespec left = {.tv_sec = 1};
	while (!deadline_left(when, &left) || left.tv_sec || left.tv_nsec)
		nanosleep(&left, NULL);
}

int brood_sleep(double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	if (r == 0)
		r = interrupt_poll(NULL, 0, when);
	return r == -EINTR ? interrupt_error("the time to pass") : r;
}
