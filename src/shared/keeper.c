/* SPDX-License-Identifier: MIT */

#include "shared/keeper.h"

#include <assert.h>

void *keeper_new(object_kind kind, size_t size)
{
	keeper *k = object_new(kind, size);
	if (k)
		k->self = heap_object(k);
	return k;
}

enum { TAKEN = 1 };

static void note(keeper *k, uintptr_t word)
{
	uint32_t n = atomic_load(&k->logged);
	assert(n < KEEPER_LOG);
	k->log[n] = word;
	atomic_store(&k->logged, n + 1);
}

void keeper_brings(keeper *k, void *block)
{
	if (!block)
		return;
	note(k, (uintptr_t)block);
	heap_give(block, k->self);
}

void keeper_takes(keeper *k, void *block)
{
	if (block)
		note(k, (uintptr_t)block | TAKEN);
}

void keeper_done(keeper *k)
{
	uint32_t n = atomic_load(&k->logged);
	for (uint32_t i = 0; i < n; i++)
		if (k->log[i] & TAKEN)
			heap_free_owned((void *)(k->log[i] - TAKEN), k->self);
	atomic_store(&k->logged, 0);
}

/* May be cut short and done again: a block that is the object's and not in it stays so until it is
 * freed, since only who holds the lock makes blocks the object's. */
static void repair(keeper *k, keeper_has *has)
{
	uint32_t n = atomic_load(&k->logged);
	for (uint32_t i = 0; i < n; i++) {
		void *block = (void *)(k->log[i] & ~(uintptr_t)TAKEN);
		if (!has(k, block))
			heap_free_owned(block, k->self);
	}
	atomic_store(&k->logged, 0);
}

int keeper_lock(keeper *k, keeper_has *has)
{
	int r = core_take_through(&k->lock);
	if (r < 0)
		return r;
	if (atomic_load(&k->logged))
		repair(k, has);
	return 0;
}

void keeper_unlock(keeper *k)
{
	core_drop(&k->lock);
}
