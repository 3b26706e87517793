/* SPDX-License-Identifier: MIT */
#ifndef HEAP_OWNER_H
#define HEAP_OWNER_H

/*
 * How heap_owner is made up; 0 and 1 are states of a block, 2 and 3 are the family.
 *
 *	1 | 31 bits: an object, as its block's distance from the base / 32
 *	01 | slot: 15 bits | generation: 15 bits: a process
 */

#include "heap/map.h"

#define OWNER_OBJECT  UINT32_C(0x80000000)
#define OWNER_PROCESS UINT32_C(0x40000000)

enum { OWNER_GENERATION_BITS = 15, OWNER_UNIT = 32 };
#define OWNER_GENERATION_MASK ((UINT32_C(1) << OWNER_GENERATION_BITS) - 1)

static inline bool owner_is_object(heap_owner owner)
{
	return owner & OWNER_OBJECT;
}

static inline bool owner_is_family(heap_owner owner)
{
	return owner == HEAP_OWNER_FAMILY || owner == HEAP_OWNER_LIBRARY;
}

static inline bool owner_is_process(heap_owner owner)
{
	return owner >> 30 == 1;
}

static inline heap_owner owner_of_slot(uint32_t slot, uint32_t generation)
{
	return OWNER_PROCESS | slot << OWNER_GENERATION_BITS | (generation & OWNER_GENERATION_MASK);
}

static inline uint32_t owner_generation(heap_owner owner)
{
	return owner & OWNER_GENERATION_MASK;
}

static inline uint32_t owner_slot(heap_owner owner)
{
	return (owner & ~OWNER_PROCESS) >> OWNER_GENERATION_BITS;
}

static inline const char *owner_block(heap_owner object)
{
	return heap_map.base + (size_t)(object & ~OWNER_OBJECT) * OWNER_UNIT;
}

#endif
