/* SPDX-License-Identifier: MIT */
#ifndef SYNC_TURN_H
#define SYNC_TURN_H

/*
 * A word to sleep on until something else has changed. Its lowest bit says that
 * somebody may sleep; the rest counts, so that who is about to sleep notices a change.
 *
 *	waiter	turn = turn_prepare(); look again; life_wait(word, turn, ...)
 *	changer	change; turn_wake()
 *
 * The waiter sets the bit before it looks, the changer looks at the bit after it has
 * changed: one of them sees the other. The bit goes away when a wake finds nobody; who has
 * fallen asleep before it went is woken then, and who has not notices.
 */

#include "base/sys.h"
#include "heap/life.h"

#define TURN_AWAITED UINT32_C(1)

static inline uint32_t turn_prepare(_Atomic uint32_t *word)
{
	uint32_t turn = atomic_load(word);
	while (!(turn & TURN_AWAITED) &&
	       !atomic_compare_exchange_strong(word, &turn, turn | TURN_AWAITED))
		;
	return turn | TURN_AWAITED;
}

void turn_wake_sleepers(_Atomic uint32_t *word, int count);

/* One load when nobody waits. */
static inline void turn_wake(_Atomic uint32_t *word, int count)
{
	if (atomic_load(word) & TURN_AWAITED)
		turn_wake_sleepers(word, count);
}

#endif
