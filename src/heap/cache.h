/* SPDX-License-Identifier: MIT */
#ifndef HEAP_CACHE_H
#define HEAP_CACHE_H

/*
 * Freed runs that keep their memory for a while: taking memory from the system
 * and giving it back costs ten times what using it does. A cached run's head says
 * CACHED and when; the superblock has an entry for each, by which it is found.
 * The entries are hints: an entry is made before its run is cached and cleared
 * after it is taken, so one may name a run that is not cached, and is then
 * cleared by whoever meets it.
 */

#include "heap/run.h"

/*
 * Turns a run whose head is `from` into a cached one. Returns false when there is
 * no room, or when the head is something else by now.
 */
bool cache_put(uint32_t head, uint32_t length, uint64_t from);

/*
 * Takes a cached run of at least `length` chunks and at most an eighth more, and
 * makes it a large block (RUN_HEAD, class unused) or a slab-to-be (RUN_OPENING) of
 * who. Returns its head and *ret_length, or RUN_NONE.
 */
uint32_t cache_take(uint32_t length, enum run_kind kind, uint32_t class, uint32_t who,
		    uint32_t *ret_length);

/* Returns to the system runs cached for longer than about a second, or all. Returns the bytes. */
size_t cache_trim(bool all);

/* A cached run met in a walk over the heap: one that has no entry is returned to the system. */
void cache_adopt(uint32_t head, uint64_t word);

#endif
