/* SPDX-License-Identifier: MIT */

/*
 * The heap's own records, verified while others change them. What looks wrong is
 * looked at again after a moment, some times, and is told only if it stays; an
 * account that is too small only if nothing was added to it during the count.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "heap/account.h"
#include "heap/block.h"

enum { LOOKS = 5 };
#define MOMENT 1000000 /* ns */

typedef struct check {
	FILE *report;
	long long found;
	uint32_t *owned;    /* by slot, what the walk has met */
	uint64_t *accounts; /* by slot, before it */
} check;

static void complain(check *at, const char *format, ...) BROOD_PRINTF(2, 3);

static void complain(check *at, const char *format, ...)
{
	va_list args;
	at->found++;
	if (!at->report)
		return;
	va_start(args, format);
	fputs("heap: ", at->report);
	vfprintf(at->report, format, args);
	fputc('\n', at->report);
	va_end(args);
}

static bool process_known(heap_owner owner)
{
	if (owner_slot(owner) >= heap_map.slot_count)
		return false;
	const process_slot *slot = map_slot(owner_slot(owner));
	return atomic_load(&slot->state) != SLOT_FREE && table_owner(slot) == owner;
}

static bool owner_known(heap_owner owner)
{
	block object;
	if (owner_is_process(owner))
		return process_known(owner);
	if (owner_is_object(owner))
		return block_find(owner_block(owner), &object);
	return owner_is_family(owner);
}

static bool tails_whole(uint32_t head, uint32_t length)
{
	if (!length || length > heap_map.chunk_count - head)
		return false;
	for (uint32_t i = head + 1; i < head + length; i++)
		if (atomic_load(run_at(i)) != run_word(RUN_TAIL, head, 0))
			return false;
	return true;
}

static bool tail_covered(uint32_t chunk, uint32_t head)
{
	if (head >= chunk)
		return false;
	uint64_t word = atomic_load(run_at(head));
	enum run_kind kind = run_kind(word);
	return (kind == RUN_HEAD || kind == RUN_CACHED || kind == RUN_CLAIMED ||
		kind == RUN_FREEING) &&
	       chunk - head < run_what(word);
}

/* What is wrong with a chunk's run word as it is now; NULL when nothing. */
static const char *run_fault(uint32_t chunk)
{
	uint64_t word = atomic_load(run_at(chunk));
	uint32_t what = run_what(word), who = run_who(word);
	switch (run_kind(word)) {
	case RUN_FREE:
		return word ? "is free with remains" : NULL;
	case RUN_OPENING:
	case RUN_CLOSING:
		if (what >= SLAB_CLASSES)
			return "has an unknown size class";
		return process_known(who) ? NULL : "is being changed by no known process";
	case RUN_SLAB:
		return what < SLAB_CLASSES && !who ? NULL : "has an unknown size class";
	case RUN_CLAIMED:
	case RUN_FREEING:
		return process_known(who) ? NULL : "is being changed by no known process";
	case RUN_HEAD:
		if (!owner_known(who))
			return "is a large block of no known owner";
		return tails_whole(chunk, what) ? NULL : "is a large block that is not whole";
	case RUN_CACHED:
		return tails_whole(chunk, what) ? NULL : "is a cached run that is not whole";
	case RUN_TAIL:
		return tail_covered(chunk, what) ? NULL : "continues a run that it is not in";
	}
	return "is of an unknown kind";
}

/* The same for a block's word; NULL also when the chunk is no slab. */
static const char *block_fault(uint32_t chunk, uint32_t index)
{
	heap_owner owner = atomic_load(&map_row(chunk)[index]);
	uint64_t word = atomic_load(run_at(chunk));
	if (run_kind(word) != RUN_SLAB || run_what(word) >= SLAB_CLASSES)
		return NULL;
	if (index >= slab_classes[run_what(word)].count)
		return owner == BLOCK_NONE ? NULL : "lies behind the last of its chunk";
	if (owner == BLOCK_NONE)
		return "is neither free nor in use";
	return owner == BLOCK_FREE || owner_known(owner) ? NULL : "belongs to no known owner";
}

static const char *run_persists(uint32_t chunk)
{
	const char *fault = run_fault(chunk);
	for (int i = 0; fault && i < LOOKS; i++) {
		clock_sleep(clock_now() + MOMENT);
		fault = run_fault(chunk);
	}
	return fault;
}

static const char *block_persists(uint32_t chunk, uint32_t index)
{
	const char *fault = block_fault(chunk, index);
	for (int i = 0; fault && i < LOOKS; i++) {
		clock_sleep(clock_now() + MOMENT);
		fault = block_fault(chunk, index);
	}
	return fault;
}

static void check_row(check *at, uint32_t chunk)
{
	uint64_t word = atomic_load(run_at(chunk));
	if (run_kind(word) != RUN_SLAB || run_what(word) >= SLAB_CLASSES)
		return;
	/* The rest of a row has no memory. */
	uint32_t words = (slab_classes[run_what(word)].count + 1023) & ~UINT32_C(1023);
	for (uint32_t i = 0; i < words; i++) {
		const char *fault = block_persists(chunk, i);
		if (fault)
			complain(at, "block %u of chunk %u %s (word %#x)", i, chunk, fault,
				 atomic_load(&map_row(chunk)[i]));
	}
}

static bool visit_owner(const block *which, void *argument)
{
	check *at = argument;
	if (owner_is_process(which->owner) && owner_slot(which->owner) < heap_map.slot_count)
		at->owned[owner_slot(which->owner)]++;
	return true;
}

static void check_chunks(check *at)
{
	for (uint32_t chunk = 0; chunk < atomic_load(&heap_map.super->top); chunk++) {
		const char *fault = run_persists(chunk);
		if (fault)
			complain(at, "chunk %u %s (word %#" PRIx64 ")", chunk, fault,
				 atomic_load(run_at(chunk)));
		check_row(at, chunk);
	}
}

static uint32_t slots_used(void)
{
	uint32_t used = HEAP_NEAR_SLOTS + atomic_load(&heap_map.super->slots_backed);
	return used < heap_map.slot_count ? used : heap_map.slot_count;
}

static void check_accounts(check *at)
{
	uint32_t used = slots_used();
	for (uint32_t i = 0; i < used; i++)
		at->accounts[i] = atomic_load(&map_slot(i)->blocks);
	block_walk(visit_owner, at);
	for (uint32_t i = 0; i < used; i++) {
		uint64_t now = atomic_load(&map_slot(i)->blocks);
		if (now == at->accounts[i] && at->owned[i] > account_count(now))
			complain(at, "the process of slot %u owns %u blocks and accounts for %u", i,
				 at->owned[i], account_count(now));
	}
}

long long brood_heap_check(FILE *report)
{
	int r = heap_require();
	if (r < 0)
		return r;
	check at = {.report = report};
	at.owned = calloc(heap_map.slot_count, sizeof(*at.owned));
	at.accounts = calloc(heap_map.slot_count, sizeof(*at.accounts));
	if (!at.owned || !at.accounts) {
		free(at.owned);
		free(at.accounts);
		return error_set(ENOMEM, "no memory to check the shared heap with");
	}
	if (!map_valid())
		complain(&at, "the superblock has been overwritten");
	check_chunks(&at);
	check_accounts(&at);
	free(at.owned);
	free(at.accounts);
	return at.found;
}
