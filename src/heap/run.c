/* SPDX-License-Identifier: MIT */

#include "heap/run.h"

#include <errno.h>

#include "base/error.h"
#include "heap/account.h"
#include "heap/memory.h"
#include "heap/reserve.h"

/* Chunks from `top` on are free, and their words may have no memory yet: not read. */
static uint64_t peek(uint32_t chunk)
{
	return chunk < atomic_load(&heap_map.super->top) ? atomic_load(run_at(chunk)) : 0;
}

/* Clears the tails of head in (head, end), the last first. */
static void release_tails(uint32_t head, uint32_t end)
{
	while (--end > head)
		atomic_store(run_at(end), 0);
}

/* The end of what belongs to head, when its claim or release was cut short. */
static uint32_t tails_end(uint32_t head, uint32_t length)
{
	uint32_t end = head + 1;
	while (end < head + length && atomic_load(run_at(end)) == run_word(RUN_TAIL, head, 0))
		end++;
	return end;
}

/* Returns the end of what was claimed, which is short of head + length on a conflict. */
static uint32_t claim_at(uint32_t head, uint32_t length, uint64_t claim)
{
	uint64_t expected = 0;
	if (!atomic_compare_exchange_strong(run_at(head), &expected, claim))
		return head;
	uint32_t end = head + 1;
	for (; end < head + length; end++) {
		expected = 0;
		uint64_t tail = run_word(RUN_TAIL, head, 0);
		if (!atomic_compare_exchange_strong(run_at(end), &expected, tail))
			break;
	}
	if (end < head + length) {
		release_tails(head, end);
		atomic_store(run_at(head), 0);
	}
	return end;
}

/* The first place from `from` on, starting below `limit`, where length chunks look free. */
static uint32_t look(uint32_t from, uint32_t limit, uint32_t length)
{
	while (from < limit && length <= heap_map.chunk_count - from) {
		uint32_t end = from;
		uint64_t word = 0;
		while (end < from + length && !(word = peek(end)))
			end++;
		if (end == from + length)
			return from;
		from = end + run_length(word);
	}
	return RUN_NONE;
}

/* What needs one chunk may be a block of any size up to that. */
static void no_room(uint32_t length)
{
	const char *advice = reserve_advice(heap_map.reserve);
	if (length == 1)
		error_set(ENOMEM, "the shared heap is full (its reserve is %zu): free blocks%s",
			  heap_map.reserve, advice);
	else
		error_set(ENOMEM,
			  "the shared heap has no room for %zu more bytes in one piece (its "
			  "reserve is %zu): free blocks%s",
			  (size_t)length << HEAP_CHUNK_SHIFT, heap_map.reserve, advice);
}

static uint32_t claim_between(uint32_t from, uint32_t limit, uint32_t length, uint64_t claim)
{
	heap_superblock *super = heap_map.super;
	uint32_t head;
	while ((head = look(from, limit, length)) != RUN_NONE) {
		uint32_t last = (head + length - 1) / HEAP_GROUP_CHUNKS;
		if (memory_back(heap_map.groups, sizeof(heap_group), heap_map.group_count,
				&super->groups_backed, last) < 0)
			return RUN_NONE;
		map_raise(&super->top, head + length);
		uint32_t end = claim_at(head, length, claim);
		if (end == head + length) {
			uint32_t hint = head;
			atomic_compare_exchange_strong(&super->free_from, &hint, end);
			return head;
		}
		from = end + 1;
	}
	no_room(length);
	return RUN_NONE;
}

uint32_t run_claim(uint32_t length, uint64_t claim)
{
	uint32_t hint = atomic_load(&heap_map.super->free_from);
	uint32_t head = claim_between(hint, heap_map.chunk_count, length, claim);
	/* A process that died between freeing and lowering the hint left it too high. */
	if (head == RUN_NONE && hint > 0)
		head = claim_between(0, hint, length, claim);
	return head;
}

void run_release(uint32_t head, uint32_t length)
{
	uint32_t end = tails_end(head, length);
	memory_give_back(map_chunk(head), (size_t)(end - head) << HEAP_CHUNK_SHIFT);
	release_tails(head, end);
	atomic_store(run_at(head), 0);
	map_lower(&heap_map.super->free_from, head);
}

void run_recover(uint32_t head, uint64_t word)
{
	uint32_t length = run_what(word);
	uint64_t mine = run_word(RUN_FREEING, length, account_self.owner);
	if (atomic_compare_exchange_strong(run_at(head), &word, mine))
		run_release(head, length);
}
