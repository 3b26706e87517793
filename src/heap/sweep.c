/* SPDX-License-Identifier: MIT */

/*
 * What a dead owner leaves: blocks, which are freed one by one, so that a sweep
 * cut short is simply done again; and changes of runs that it was in the middle
 * of, which name it and are taken over.
 *
 * What objects own goes with the process that owns the objects, the deepest
 * nested first: a block that was freed before those it owns would leave them
 * without a way to be found.
 */

#include "heap/account.h"
#include "heap/block.h"
#include "heap/cache.h"

enum { DEEPEST = 16 };

typedef struct sweep {
	heap_owner dead;
	int depth;   /* of the dependents to free; 0: to find the deepest */
	int deepest; /* found */
	size_t freed;
	size_t limit; /* blocks of the dead one, at most */
} sweep;

/* How many objects are between an owner and the dead one; -1 when it is not below it. */
static int depth_of(heap_owner owner, heap_owner dead)
{
	for (int depth = 0; depth <= DEEPEST; depth++) {
		block object;
		if (owner == dead)
			return depth;
		if (!owner_is_object(owner) || !block_find(owner_block(owner), &object))
			return -1;
		owner = object.owner;
	}
	return -1;
}

static bool visit_dependent(const block *which, void *argument)
{
	sweep *at = argument;
	if (!owner_is_object(which->owner) || which->owner == at->dead)
		return true;
	int depth = depth_of(which->owner, at->dead);
	if (depth > at->deepest)
		at->deepest = depth;
	if (depth > 0 && depth == at->depth && block_free(which))
		at->freed++;
	return true;
}

static size_t sweep_dependents(heap_owner dead)
{
	sweep at = {.dead = dead};
	if (!atomic_load(&heap_map.super->objects))
		return 0;
	block_walk(visit_dependent, &at);
	for (at.depth = at.deepest; at.depth > 0; at.depth--)
		block_walk(visit_dependent, &at);
	return at.freed;
}

static bool visit_own(const block *which, void *argument)
{
	sweep *at = argument;
	if (which->owner == at->dead && block_free(which))
		at->freed++;
	return at->freed < at->limit;
}

/* What the dead one, or any other, left undone in a chunk. */
static void repair(uint32_t chunk, heap_owner dead)
{
	uint64_t word = atomic_load(run_at(chunk));
	bool its = run_who(word) == dead;
	switch (run_kind(word)) {
	case RUN_OPENING:
	case RUN_CLOSING:
		if (its)
			slab_recover(chunk, word);
		break;
	case RUN_CLAIMED:
	case RUN_FREEING:
		if (its)
			run_recover(chunk, word);
		break;
	case RUN_CACHED:
		cache_adopt(chunk, word);
		break;
	case RUN_SLAB:
		slab_hint(chunk, run_what(word));
		break;
	default:
		break;
	}
}

static size_t sweep_own(heap_owner dead, size_t limit)
{
	sweep at = {.dead = dead, .limit = limit};
	uint32_t chunk = 0;
	while (chunk < atomic_load(&heap_map.super->top)) {
		repair(chunk, dead);
		if (!block_walk_chunk(chunk, &chunk, visit_own, &at))
			break;
	}
	return at.freed;
}

size_t heap_sweep(heap_owner dead)
{
	if (heap_require() < 0 || dead < BLOCK_FIRST_OWNER)
		return 0;
	size_t limit = SIZE_MAX;
	if (owner_is_process(dead)) {
		const _Atomic uint64_t *account = account_of(dead);
		limit = account ? account_count(atomic_load(account)) : 0;
		if (!limit)
			return 0;
	}
	account_begin();
	size_t freed = sweep_dependents(dead);
	freed += sweep_own(dead, limit);
	account_end();
	return freed;
}
