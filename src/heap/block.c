/* SPDX-License-Identifier: MIT */

#include "heap/block.h"

#include <errno.h>

#include "base/error.h"
#include "heap/account.h"
#include "heap/cache.h"
#include "heap/memory.h"
#include "heap/reserve.h"

static bool find_small(const char *ptr, uint32_t chunk, unsigned class, block *ret)
{
	size_t offset = (size_t)(ptr - map_chunk(chunk));
	uint32_t index = slab_index(class, offset);
	if (index >= slab_classes[class].count)
		return false;
	heap_owner owner = atomic_load(&map_row(chunk)[index]);
	if (owner < BLOCK_FIRST_OWNER)
		return false;
	*ret = (block){
		.start = map_chunk(chunk) + (size_t)index * slab_classes[class].size,
		.size = slab_classes[class].size,
		.owner = owner,
		.chunk = chunk,
		.index = index,
		.class = (uint8_t) class,
	};
	return true;
}

static block large_block(uint32_t head, uint64_t word)
{
	return (block){
		.start = map_chunk(head),
		.size = (size_t)run_what(word) << HEAP_CHUNK_SHIFT,
		.owner = run_who(word),
		.chunk = head,
		.large = true,
	};
}

bool block_find(const void *ptr, block *ret)
{
	size_t chunk = map_chunk_of(ptr);
	if (chunk >= heap_map.chunk_count || chunk >= atomic_load(&heap_map.super->top))
		return false;
	uint32_t head = (uint32_t)chunk;
	uint64_t word = atomic_load(run_at(head));
	/* A chunk that somebody tries to close may have blocks: then the try fails. */
	if (run_kind(word) == RUN_SLAB || run_kind(word) == RUN_CLOSING)
		return find_small(ptr, head, run_what(word), ret);
	if (run_kind(word) == RUN_TAIL) {
		head = run_what(word);
		word = atomic_load(run_at(head));
	}
	if (run_kind(word) != RUN_HEAD || chunk - head >= run_what(word))
		return false;
	*ret = large_block(head, word);
	return true;
}

static void *fresh_large(uint32_t length, heap_owner owner)
{
	uint32_t me = account_self.owner;
	uint32_t head = run_claim(length, run_word(RUN_CLAIMED, length, me));
	if (head == RUN_NONE)
		return NULL;
	if (memory_take(map_chunk(head), (size_t)length << HEAP_CHUNK_SHIFT) < 0) {
		atomic_store(run_at(head), run_word(RUN_FREEING, length, me));
		run_release(head, length);
		return NULL;
	}
	atomic_store(run_at(head), run_word(RUN_HEAD, length, owner));
	return map_chunk(head);
}

static void *alloc_large(size_t size, heap_owner owner, bool *ret_zeroed)
{
	uint32_t length = (uint32_t)((size + HEAP_CHUNK_SIZE - 1) >> HEAP_CHUNK_SHIFT);
	account_begin();
	cache_trim(false);
	uint32_t head = cache_take(length, RUN_HEAD, 0, owner, &length);
	*ret_zeroed = head == RUN_NONE;
	void *start = head == RUN_NONE ? fresh_large(length, owner) : map_chunk(head);
	account_end();
	return start;
}

void *block_alloc(size_t alignment, size_t size, heap_owner owner, bool *ret_zeroed)
{
	if (size <= SLAB_MAX && alignment <= SLAB_MAX) {
		*ret_zeroed = false;
		return slab_alloc(slab_class_for(size, alignment), owner);
	}
	if (size > heap_map.reserve)
		return error_null(ENOMEM,
				  "%zu bytes are more than the shared heap's reserve of %zu: "
				  "allocate less%s",
				  size, heap_map.reserve,
				  size < RESERVE_MAX ? reserve_advice(heap_map.reserve) : "");
	return alloc_large(size ? size : 1, owner, ret_zeroed);
}

static bool free_large(const block *which)
{
	uint32_t length = (uint32_t)(which->size >> HEAP_CHUNK_SHIFT);
	uint64_t word = run_word(RUN_HEAD, length, which->owner);
	account_begin();
	bool freed = cache_put(which->chunk, length, word);
	if (!freed) {
		uint64_t freeing = run_word(RUN_FREEING, length, account_self.owner);
		freed = atomic_compare_exchange_strong(run_at(which->chunk), &word, freeing);
		if (freed)
			run_release(which->chunk, length);
	}
	cache_trim(false);
	account_end();
	return freed;
}

bool block_free(const block *which)
{
	bool freed = which->large
			     ? free_large(which)
			     : slab_free(which->chunk, which->class, which->index, which->owner);
	if (freed)
		account_sub(which->owner);
	return freed;
}

static bool change_owner(const block *which, heap_owner to)
{
	if (!which->large) {
		uint32_t expected = which->owner;
		return atomic_compare_exchange_strong(&map_row(which->chunk)[which->index],
						      &expected, to);
	}
	uint32_t length = (uint32_t)(which->size >> HEAP_CHUNK_SHIFT);
	uint64_t word = run_word(RUN_HEAD, length, which->owner);
	return atomic_compare_exchange_strong(run_at(which->chunk), &word,
					      run_word(RUN_HEAD, length, to));
}

int block_give(const block *which, heap_owner to)
{
	if (!account_add(to))
		return -ESRCH;
	bool changed = change_owner(which, to);
	account_sub(changed ? which->owner : to);
	return changed ? 0 : -EINVAL;
}

static bool walk_slab(uint32_t chunk, unsigned class, bool (*visit)(const block *, void *),
		      void *argument)
{
	_Atomic uint32_t *row = map_row(chunk);
	for (uint32_t i = 0; i < slab_classes[class].count; i++) {
		block found;
		if (atomic_load_explicit(&row[i], memory_order_relaxed) < BLOCK_FIRST_OWNER)
			continue;
		const char *start = map_chunk(chunk) + (size_t)i * slab_classes[class].size;
		if (find_small(start, chunk, class, &found) && !visit(&found, argument))
			return false;
	}
	return true;
}

bool block_walk_chunk(uint32_t chunk, uint32_t *ret_next, bool (*visit)(const block *, void *),
		      void *argument)
{
	uint64_t word = atomic_load(run_at(chunk));
	*ret_next = chunk + run_length(word);
	switch (run_kind(word)) {
	case RUN_SLAB:
	case RUN_CLOSING:
		return walk_slab(chunk, run_what(word), visit, argument);
	case RUN_HEAD: {
		block found = large_block(chunk, word);
		return visit(&found, argument);
	}
	default:
		return true;
	}
}

void block_walk(bool (*visit)(const block *, void *), void *argument)
{
	uint32_t chunk = 0;
	while (chunk < atomic_load(&heap_map.super->top))
		if (!block_walk_chunk(chunk, &chunk, visit, argument))
			return;
}
