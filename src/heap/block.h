/* SPDX-License-Identifier: MIT */
#ifndef HEAP_BLOCK_H
#define HEAP_BLOCK_H

/* Blocks of either kind, small or large, found by address or by walking over all of them. */

#include "heap/slab.h"

/* A block in use, as it was when it was looked at. */
typedef struct block {
	char *start;
	size_t size;
	heap_owner owner;
	uint32_t chunk;
	uint32_t index; /* in its chunk, when small */
	uint8_t class;
	bool large;
} block;

/* The block in use that ptr points to, or into. */
bool block_find(const void *ptr, block *ret);

/*
 * Allocates at least size bytes for an owner, whose account is not touched.
 * *ret_zeroed says whether they are known to be zero. NULL with its sentence.
 */
void *block_alloc(size_t alignment, size_t size, heap_owner owner, bool *ret_zeroed);

/* Frees a block, with its owner's account. False when it is no longer that owner's. */
bool block_free(const block *which);

/* Hands a block to another owner, with both accounts. 0, or -ESRCH for a dead one, -EINVAL when
 * it is no longer as it was. */
int block_give(const block *which, heap_owner to);

/*
 * Calls visit for each block in use, ascending, until it returns false. Blocks
 * that come and go meanwhile may be met or not.
 */
void block_walk(bool (*visit)(const block *, void *), void *argument);

/* The same for one chunk; *ret_next is the first chunk behind what begins in it. */
bool block_walk_chunk(uint32_t chunk, uint32_t *ret_next, bool (*visit)(const block *, void *),
		      void *argument);

#endif
