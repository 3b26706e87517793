/* SPDX-License-Identifier: MIT */
#ifndef HEAP_MAP_H
#define HEAP_MAP_H

/*
 * Where everything in the heap lies. From its base:
 *
 *	superblock | near slots | groups | far slots | rows | chunks
 *
 * The superblock, the first slots of the process table and the first groups
 * share the first 64 KiB: the kernel maps that much around one read fault, so a
 * forked child (fork copies no page tables of a shared mapping) reaches all of
 * them with one fault. A first touch that writes would map its page only.
 *
 * Chunks hold blocks and nothing else; what is known of them is in their run
 * word, in their group, and in their row, a word for each block. So a stale
 * operation of a preempted process can never write into a user's data.
 */

#include <stdatomic.h>

#include "heap/table.h"

#define HEAP_CHUNK_SHIFT 16
#define HEAP_CHUNK_SIZE	 ((size_t)1 << HEAP_CHUNK_SHIFT)

enum {
	HEAP_NEAR_SIZE = 65536,
	HEAP_NEAR_SLOTS = 64,
	HEAP_MAX_SLOTS = 32768,
	HEAP_ROW_WORDS = 2048,
	HEAP_GROUP_CHUNKS = 64,
	HEAP_CLASSES = 32, /* size classes that fit in a group */
	HEAP_CACHE_ENTRIES = 128,
};

/* 64 chunks: the words that say what each is, and hints for finding blocks. */
typedef struct heap_group {
	_Atomic uint64_t run[HEAP_GROUP_CHUNKS];     /* run.h */
	_Atomic uint64_t available[HEAP_CLASSES];    /* bit a chunk: may have a free block */
	_Atomic uint16_t witness[HEAP_GROUP_CHUNKS]; /* slab.c: a block thought in use */
} heap_group;
_Static_assert(sizeof(heap_group) == 896, "groups are packed by cache lines");

typedef struct heap_superblock {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size;
	uint64_t reserve;
	uint64_t base;
	uint64_t chunks_at; /* offset of the first chunk */
	uint32_t chunks;
	uint32_t slots;

	/* Written seldom, read often. */
	_Alignas(64) _Atomic uint32_t top; /* chunks from here on were never used */
	_Atomic uint32_t groups_backed;	   /* groups that have their memory */
	_Atomic uint32_t slots_backed;	   /* far slots that have theirs */
	_Atomic uint32_t objects;	   /* set once a block was owned by an object */

	/* Written with every run of chunks taken or freed. */
	_Alignas(64) _Atomic uint32_t free_from; /* hint: no free chunk is below */
	_Atomic uint32_t slot_turn;		 /* where the search for a near slot begins */

	_Alignas(64) _Atomic uint32_t spare[HEAP_CLASSES];		  /* slab.c: chunk + 1 */
	_Alignas(64) _Atomic uint64_t cached[HEAP_CACHE_ENTRIES];	  /* cache.c */
	_Alignas(4096) _Atomic uint64_t slots_taken[HEAP_MAX_SLOTS / 64]; /* hint, a bit a slot */
} heap_superblock;
_Static_assert(sizeof(heap_superblock) == 8192, "the superblock is two pages");

/* This process's view; base is NULL when there is no heap. The same in every forked process. */
struct heap_map {
	heap_superblock *super;
	process_slot *near_slots;
	process_slot *far_slots;
	heap_group *groups;
	_Atomic uint32_t *rows;
	char *chunks;
	char *base;
	size_t reserve;
	uint32_t chunk_count;
	uint32_t group_count;
	uint32_t slot_count;
	int fd;
};
extern struct heap_map heap_map;

/* Whether the superblock says what it said when this process mapped it. */
bool map_valid(void);

static inline process_slot *map_slot(uint32_t index)
{
	return index < HEAP_NEAR_SLOTS ? &heap_map.near_slots[index]
				       : &heap_map.far_slots[index - HEAP_NEAR_SLOTS];
}

static inline heap_group *map_group(uint32_t chunk)
{
	return &heap_map.groups[chunk / HEAP_GROUP_CHUNKS];
}

static inline _Atomic uint32_t *map_row(uint32_t chunk)
{
	return heap_map.rows + (size_t)chunk * HEAP_ROW_WORDS;
}

static inline char *map_chunk(uint32_t chunk)
{
	return heap_map.chunks + ((size_t)chunk << HEAP_CHUNK_SHIFT);
}

/* The chunk an address lies in; chunk_count or more when it lies in none. */
static inline size_t map_chunk_of(const void *ptr)
{
	return ((uintptr_t)ptr - (uintptr_t)heap_map.chunks) >> HEAP_CHUNK_SHIFT;
}

/* Raises a word that only grows, to value. */
static inline void map_raise(_Atomic uint32_t *word, uint32_t value)
{
	uint32_t old = atomic_load(word);
	while (old < value && !atomic_compare_exchange_weak(word, &old, value))
		;
}

/* Lowers a hint to value. */
static inline void map_lower(_Atomic uint32_t *word, uint32_t value)
{
	uint32_t old = atomic_load(word);
	while (old > value && !atomic_compare_exchange_weak(word, &old, value))
		;
}

#endif
