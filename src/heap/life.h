/* SPDX-License-Identifier: MIT */
#ifndef HEAP_LIFE_H
#define HEAP_LIFE_H

/*
 * Owners of what lies in the heap, and waits that the death of one ends.
 *
 * A process that takes something that others may wait for (a lock, a slot of a
 * queue) writes life_owner() there, atomically with the taking. Who waits for it
 * calls life_wait() with that owner as the peer. Only table_dead() says that an
 * owner is dead, and only then is anything repaired.
 */

#include "base/clock.h"
#include "heap/account.h"

/* The bits of a robust futex's word, as the kernel defines them. */
#define LIFE_WATCHED UINT32_C(0x80000000) /* FUTEX_WAITERS */
#define LIFE_LEFT    UINT32_C(0x40000000) /* FUTEX_OWNER_DIED */

/* Whether the kernel will flag this word when the thread that registered it has ended. */
static inline bool life_registered(uint32_t word)
{
	return (word & (LIFE_WATCHED | LIFE_LEFT)) == LIFE_WATCHED;
}

heap_owner life_register(void);

/*
 * The calling process as the owner that words name; its death from now on wakes who waits for
 * it. 0 with errno and sentence when there is no heap, or no place in the process table.
 */
static inline heap_owner life_owner(void)
{
	/* Pairs with the release in table.c's become(): who sees the slot sees the owner. */
	process_slot *slot = atomic_load_explicit(&account_self.slot, memory_order_acquire);
	if (slot && life_registered(atomic_load_explicit(&slot->life.word, memory_order_relaxed)))
		return account_self.owner;
	return life_register();
}

/* The same for a process that is registered; of another it may be 0. */
static inline heap_owner life_known(void)
{
	bool settled = atomic_load_explicit(&account_self.slot, memory_order_acquire) != NULL;
	return settled ? account_self.owner : 0;
}

/* For life_wait(): the word depends on several owners, at whom the caller looks in turn. */
#define LIFE_SEVERAL UINT32_MAX

/*
 * Waits while *word == expected, until the deadline has passed, or until the peer, a process,
 * is dead; 0 for the peer: nobody's death ends it; LIFE_SEVERAL: returns after
 * at most 50 ms, so that the caller looks at its owners.
 *
 * Returns 0 when woken, changed or for no reason (look again), -ETIMEDOUT,
 * -EOWNERDEAD: the peer is certainly dead, or -EINTR: the thread was interrupted
 * (base/interrupt.h). Other handlers of signals run meanwhile. A deadline that has passed
 * looks once.
 */
int life_wait(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer, deadline when);

/*
 * table_dead(), without a system call while the peer's registered thread lives. May miss a
 * death that the kernel did not tell of; life_wait() finds that out within a second.
 */
bool life_dead(heap_owner peer);

/* The slot's process is dead: wakes who still waits for that. table.c's. */
void life_end(process_slot *slot);

#endif
