/* SPDX-License-Identifier: MIT */
/* The heap, as shadow.h renames it: blocks are never used again. */

#include "brood/heap.h"

#include <stdio.h>
#include <stdlib.h>

#include "heap/owner.h"
#include "world.h"

struct heap_map heap_map;
_Alignas(HEAP_CHUNK_SIZE) char arena[ARENA_SIZE];

void heap_begin(void)
{
	heap_map.chunks = heap_map.base = arena;
	heap_map.chunk_count = 1;
}

int heap_require(void)
{
	return 0;
}

void *heap_alloc(size_t alignment, size_t size, heap_owner owner)
{
	(void)alignment, (void)owner;
	char *block = arena + now.allocated;
	now.allocated += (size + 63) / 64 * 64;
	if (now.allocated > sizeof(arena)) {
		fprintf(stderr, "the model's heap is too small\n");
		abort();
	}
	return block;
}

void *brood_aligned_alloc(size_t alignment, size_t size)
{
	return heap_alloc(alignment, size, 0);
}

bool brood_heap_contains(const void *ptr)
{
	return (uintptr_t)ptr - (uintptr_t)arena < sizeof(arena);
}

int brood_free(void *ptr)
{
	(void)ptr;
	return 0;
}

void *heap_block_of(const void *ptr)
{
	return (void *)(uintptr_t)ptr;
}

heap_owner heap_object(const void *start)
{
	(void)start;
	return OWNER_OBJECT;
}

int heap_give(const void *ptr, heap_owner to)
{
	(void)ptr, (void)to;
	return 0;
}

int heap_free_owned(const void *ptr, heap_owner owner)
{
	(void)ptr, (void)owner;
	return 0;
}

size_t heap_sweep(heap_owner dead)
{
	(void)dead;
	return 0;
}
