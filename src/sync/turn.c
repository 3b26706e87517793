/* SPDX-License-Identifier: MIT */

#include "sync/turn.h"

#include <limits.h>

void turn_wake_sleepers(_Atomic uint32_t *word, int count)
{
	uint32_t turn = atomic_fetch_add(word, 2) + 2;
	if (sys_futex_wake(word, count) == 0 &&
	    atomic_compare_exchange_strong(word, &turn, turn & ~TURN_AWAITED))
		sys_futex_wake(word, INT_MAX);
}
