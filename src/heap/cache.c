/* SPDX-License-Identifier: MIT */

#include "heap/cache.h"

#include "base/clock.h"
#include "heap/account.h"

enum {
	CACHE_CHUNKS = (64 << 20) >> HEAP_CHUNK_SHIFT,
	CACHE_TICK_SHIFT = 29, /* of a nanosecond clock: ticks of about half a second */
	CACHE_AGE = 2,
};

/* 0, or: length: 32 bits | head + 1: 32 bits */
static uint64_t entry_of(uint32_t head, uint32_t length)
{
	return (uint64_t)length << 32 | (head + 1);
}

static uint32_t entry_head(uint64_t entry)
{
	return (uint32_t)entry - 1;
}

static uint32_t entry_length(uint64_t entry)
{
	return (uint32_t)(entry >> 32);
}

static _Atomic uint64_t *entries(void)
{
	return heap_map.super->cached;
}

static uint32_t tick(void)
{
	return (uint32_t)(clock_now() >> CACHE_TICK_SHIFT);
}

/* Enters a run. Returns its entry, or NULL when that would be too much. */
static _Atomic uint64_t *enter(uint32_t head, uint32_t length)
{
	_Atomic uint64_t *unused = NULL;
	uint64_t total = length;
	for (int i = 0; i < HEAP_CACHE_ENTRIES; i++) {
		uint64_t entry = atomic_load_explicit(&entries()[i], memory_order_relaxed);
		total += entry_length(entry);
		if (!entry && !unused)
			unused = &entries()[i];
	}
	uint64_t expected = 0;
	if (!unused || total > CACHE_CHUNKS ||
	    !atomic_compare_exchange_strong(unused, &expected, entry_of(head, length)))
		return NULL;
	return unused;
}

static void leave(_Atomic uint64_t *where, uint64_t entry)
{
	atomic_compare_exchange_strong(where, &entry, 0);
}

static bool is_cached(uint64_t entry, uint64_t word)
{
	return run_kind(word) == RUN_CACHED && run_what(word) == entry_length(entry);
}

/* Gives a cached run to the system, unless somebody takes it first. */
static bool drop(uint32_t head, uint64_t word)
{
	uint32_t length = run_what(word);
	uint64_t freeing = run_word(RUN_FREEING, length, account_self.owner);
	if (!atomic_compare_exchange_strong(run_at(head), &word, freeing))
		return false;
	run_release(head, length);
	return true;
}

/*
 * Clears an entry whose run was seen not to be cached. It may have been cached
 * since: cache_put() looks for its entry after that, and this looks at the run
 * after clearing, so one of the two enters it again.
 */
static void forget(_Atomic uint64_t *where, uint64_t entry)
{
	leave(where, entry);
	uint64_t word = atomic_load(run_at(entry_head(entry)));
	if (is_cached(entry, word) && !enter(entry_head(entry), entry_length(entry)))
		drop(entry_head(entry), word);
}

bool cache_put(uint32_t head, uint32_t length, uint64_t from)
{
	_Atomic uint64_t *where = enter(head, length);
	if (!where)
		return false;
	uint64_t cached = run_word(RUN_CACHED, length, tick());
	if (!atomic_compare_exchange_strong(run_at(head), &from, cached)) {
		leave(where, entry_of(head, length));
		return false;
	}
	/* See forget(). */
	if (atomic_load(where) != entry_of(head, length) && !enter(head, length))
		drop(head, cached);
	return true;
}

/* The entry of the shortest run that fits; NULL when there is none. */
static _Atomic uint64_t *find_fitting(uint32_t length, uint64_t *ret_entry)
{
	_Atomic uint64_t *best = NULL;
	uint32_t most = length + length / 8;
	for (int i = 0; i < HEAP_CACHE_ENTRIES; i++) {
		uint64_t entry = atomic_load_explicit(&entries()[i], memory_order_relaxed);
		if (entry_length(entry) < length || entry_length(entry) > most)
			continue;
		best = &entries()[i];
		*ret_entry = entry;
		most = entry_length(entry) - 1;
		if (most < length)
			break;
	}
	return best;
}

uint32_t cache_take(uint32_t length, enum run_kind kind, uint32_t class, uint32_t who,
		    uint32_t *ret_length)
{
	_Atomic uint64_t *where;
	uint64_t entry;
	while ((where = find_fitting(length, &entry))) {
		uint32_t found = entry_length(entry);
		uint64_t taken = run_word(kind, kind == RUN_HEAD ? found : class, who);
		uint64_t word = atomic_load(run_at(entry_head(entry)));
		if (is_cached(entry, word) &&
		    atomic_compare_exchange_strong(run_at(entry_head(entry)), &word, taken)) {
			leave(where, entry);
			*ret_length = found;
			return entry_head(entry);
		}
		forget(where, entry);
	}
	return RUN_NONE;
}

size_t cache_trim(bool all)
{
	static _Atomic uint32_t last;
	size_t chunks = 0;
	uint32_t now = tick();
	if (!all && atomic_exchange_explicit(&last, now, memory_order_relaxed) == now)
		return 0;
	for (int i = 0; i < HEAP_CACHE_ENTRIES; i++) {
		uint64_t entry = atomic_load_explicit(&entries()[i], memory_order_relaxed);
		if (!entry)
			continue;
		uint64_t word = atomic_load(run_at(entry_head(entry)));
		if (is_cached(entry, word)) {
			if (!all && now - run_who(word) < CACHE_AGE)
				continue;
			if (drop(entry_head(entry), word))
				chunks += entry_length(entry);
		}
		forget(&entries()[i], entry);
	}
	return chunks << HEAP_CHUNK_SHIFT;
}

void cache_adopt(uint32_t head, uint64_t word)
{
	for (int i = 0; i < HEAP_CACHE_ENTRIES; i++)
		if (atomic_load(&entries()[i]) == entry_of(head, run_what(word)))
			return;
	drop(head, word);
}
