/* SPDX-License-Identifier: MIT */
#ifndef HEAP_SLAB_H
#define HEAP_SLAB_H

/*
 * Small blocks: a chunk cut into blocks of one size class. Its row has a word for
 * each block: 0 when there is no such block (yet), BLOCK_FREE, or the block's
 * owner. Claim and owner are one compare-and-swap, FREE -> owner, so whoever is
 * killed leaves a block that is free or has an owner who can be found dead.
 */

#include "heap/run.h"

enum { BLOCK_NONE = 0, BLOCK_FREE = 1, BLOCK_FIRST_OWNER = 2 };

enum { SLAB_CLASSES = 31, SLAB_MAX = 32768 };

typedef struct slab_class {
	uint32_t size;
	uint32_t count;	     /* blocks in a chunk */
	uint32_t reciprocal; /* offset * reciprocal >> 32 == offset / size, below 64 KiB */
} slab_class;
extern const slab_class slab_classes[SLAB_CLASSES];

/* The smallest class whose blocks hold size (at most SLAB_MAX) at multiples of alignment (a
 * power of two of at most SLAB_MAX). */
unsigned slab_class_for(size_t size, size_t alignment);

/*
 * A block of the class for an owner whose account has it already. NULL with its
 * sentence when there is no memory.
 */
void *slab_alloc(unsigned class, heap_owner owner);

/* Frees a block if it still is owner's; the account is the caller's. */
bool slab_free(uint32_t chunk, unsigned class, uint32_t index, heap_owner owner);

/* Which block of the chunk an offset is in; class's count or more for the rest behind the last. */
static inline uint32_t slab_index(unsigned class, size_t offset)
{
	return (uint32_t)((uint64_t)offset * slab_classes[class].reciprocal >> 32);
}

/* Closes a chunk of the class if no block of it is in use. */
bool slab_close(uint32_t chunk, unsigned class);

/* Sets the chunk's hint if it has a free block. */
void slab_hint(uint32_t chunk, unsigned class);

/* The calling process takes a chunk that a dead one was opening or closing, and finishes. */
void slab_recover(uint32_t chunk, uint64_t word);

#endif
