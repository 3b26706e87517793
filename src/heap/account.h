/* SPDX-License-Identifier: MIT */
#ifndef HEAP_ACCOUNT_H
#define HEAP_ACCOUNT_H

/*
 * How many blocks a process owns: slot->blocks, incremented before a block is
 * claimed for it and decremented after it is freed or handed over, so never
 * less than what it owns. An operation that changes runs of chunks counts as
 * one while it goes on. So a process that died with a count of 0 left nothing
 * to sweep, and a sweep that has found that many may stop.
 *
 * A late decrement must not hit the slot's next process: the word holds the
 * slot's generation. It also counts the increments, in its top bits (which
 * overflow harmlessly): a word that has not changed during a check of the heap
 * had no new blocks either.
 *
 *	increments: 17 bits | generation: 15 bits | blocks: 32 bits
 */

#include "heap/owner.h"

#define ACCOUNT_ONE ((UINT64_C(1) << 47) | 1)

/* The calling process. Other threads and forked children only read it. */
struct account_self {
	process_slot *_Atomic slot; /* NULL in a new process that has not settled, table.h */
	heap_owner owner;
};
extern struct account_self account_self;

/* The calling process as an owner. A new process settles in its slot when it first asks. */
static inline heap_owner account_me(void)
{
	table_self();
	return account_self.owner;
}

static inline uint64_t account_word(uint32_t generation)
{
	return (uint64_t)(generation & OWNER_GENERATION_MASK) << 32;
}

static inline uint32_t account_count(uint64_t word)
{
	return (uint32_t)word;
}

static inline uint32_t account_generation(uint64_t word)
{
	return (uint32_t)(word >> 32) & OWNER_GENERATION_MASK;
}

bool account_other_add(heap_owner owner);
void account_other_sub(heap_owner owner);

/* False when the owner is a process that has ended and been released. */
static inline bool account_add(heap_owner owner)
{
	if (owner != account_self.owner)
		return account_other_add(owner);
	atomic_fetch_add(&account_self.slot->blocks, ACCOUNT_ONE);
	return true;
}

static inline void account_sub(heap_owner owner)
{
	if (owner == account_self.owner)
		atomic_fetch_sub(&account_self.slot->blocks, 1);
	else
		account_other_sub(owner);
}

/* Around an operation that would have to be undone or finished if this process died. */
static inline void account_begin(void)
{
	atomic_fetch_add(&account_self.slot->blocks, ACCOUNT_ONE);
}

static inline void account_end(void)
{
	atomic_fetch_sub(&account_self.slot->blocks, 1);
}

/* The account of a process that an owner names, if it still is that one's; else NULL. */
_Atomic uint64_t *account_of(heap_owner owner);

#endif
