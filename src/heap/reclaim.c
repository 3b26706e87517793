/* SPDX-License-Identifier: MIT */
/* What looks at the whole heap: giving memory back, and what there is of it. */

#include "heap/reclaim.h"

#include <errno.h>

#include "base/error.h"
#include "heap/account.h"
#include "heap/block.h"
#include "heap/cache.h"
#include "heap/memory.h"

size_t reclaim_all(void)
{
	size_t bytes = 0;
	table_collect();
	account_begin();
	for (uint32_t chunk = 0; chunk < atomic_load(&heap_map.super->top); chunk++) {
		uint64_t word = atomic_load(run_at(chunk));
		if (run_kind(word) == RUN_SLAB && !slab_close(chunk, run_what(word)))
			slab_hint(chunk, run_what(word));
		/* The cache is bounded: a slab that it has no room for goes at once, and is
		 * not counted by cache_trim(). */
		else if (run_kind(word) == RUN_SLAB &&
			 run_kind(atomic_load(run_at(chunk))) != RUN_CACHED)
			bytes += HEAP_CHUNK_SIZE;
	}
	bytes += cache_trim(true);
	account_end();
	return bytes;
}

long long brood_heap_trim(void)
{
	int r = heap_require();
	return r < 0 ? r : (long long)reclaim_all();
}

static bool visit_count(const block *which, void *argument)
{
	brood_heap_stats *stats = argument;
	stats->in_use += which->size;
	stats->blocks++;
	stats->owned += which->owner == account_self.owner;
	return true;
}

int brood_heap_stats_get(brood_heap_stats *out)
{
	int r = heap_require();
	if (r < 0)
		return r;
	if (!out)
		return error_set(EINVAL, "out is NULL");
	brood_heap_stats stats = {.reserve = heap_map.reserve};
	uint32_t chunk = 0;
	while (chunk < atomic_load(&heap_map.super->top)) {
		uint64_t word = atomic_load(run_at(chunk));
		size_t bytes = (size_t)run_length(word) << HEAP_CHUNK_SHIFT;
		if (run_kind(word) == RUN_CACHED)
			stats.cached += bytes;
		if (word)
			stats.committed += bytes;
		block_walk_chunk(chunk, &chunk, visit_count, &stats);
	}
	*out = stats;
	return 0;
}

int brood_heap_set_dumpable(bool dumpable)
{
	int r = heap_require();
	if (r < 0)
		return r;
	memory_set_dumpable(dumpable);
	uint32_t chunk = 0;
	while (chunk < atomic_load(&heap_map.super->top)) {
		uint64_t word = atomic_load(run_at(chunk));
		uint32_t length = run_length(word);
		if (word)
			memory_mark(map_chunk(chunk), (size_t)length << HEAP_CHUNK_SHIFT, dumpable);
		chunk += length;
	}
	return 0;
}
