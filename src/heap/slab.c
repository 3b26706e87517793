/* SPDX-License-Identifier: MIT */

/*
 * A thread remembers for each class the chunk of its last block and where in it
 * to go on (a cursor). When that chunk is full it takes another that may have a
 * free block, by the class's bits in the groups, or else opens a fresh one. All
 * of these are hints: what they say is verified at the block's word, and after a
 * claim at the chunk's run word (the chunk may have been closed, and opened for
 * another class, since the cursor was set; the claim is then undone).
 *
 * A bit is set by whoever frees a block and finds it clear, and cleared by
 * whoever found the chunk full and then looks again, so that a block freed
 * between is not lost.
 *
 * Wholly empty chunks are closed. To notice them without counting, each chunk has
 * a witness: the index of a block that was in use when last looked. Freeing any
 * other block proves nothing; freeing the witness looks for another one, onwards,
 * so that all the looking together goes round the chunk about once for each time it
 * empties. The witness too is a hint. One chunk of each class, the spare, is
 * exempt, so that a program which frees its last block and allocates again does
 * not open and close for ever.
 */

#include "heap/slab.h"

#include <string.h>

#include "base/local.h"
#include "heap/account.h"
#include "heap/cache.h"
#include "heap/memory.h"

#define CLASS(size)                                                                          \
	{                                                                                    \
		size, HEAP_CHUNK_SIZE / (size), (uint32_t)((UINT64_C(1) << 32) / (size) + 1) \
	}

/* Four to a doubling, multiples of a cache line; the largest are fractions of a chunk. */
const slab_class slab_classes[SLAB_CLASSES] = {
	CLASS(32),    CLASS(64),   CLASS(128),	 CLASS(192),   CLASS(256),   CLASS(320),
	CLASS(384),   CLASS(448),  CLASS(512),	 CLASS(640),   CLASS(768),   CLASS(896),
	CLASS(1024),  CLASS(1280), CLASS(1536),	 CLASS(1792),  CLASS(2048),  CLASS(2560),
	CLASS(3072),  CLASS(3584), CLASS(4096),	 CLASS(5440),  CLASS(6528),  CLASS(7232),
	CLASS(8192),  CLASS(9344), CLASS(10880), CLASS(13056), CLASS(16384), CLASS(21824),
	CLASS(32768),
};

/* The class for each multiple of 64 up to 1024, the index of the last. */
static const uint8_t small_classes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 10, 11, 11, 12, 12};

enum { FREED_DEPTH = 8 };

/*
 * Where a thread goes on for a class: after block `next - 1` of chunk `chunk - 1`;
 * but first with the blocks that it freed last, each as 1 + its index in its row
 * and its chunk's, whose memory is in the processor's cache.
 */
typedef struct cursor {
	uint32_t chunk;
	uint16_t next;
	uint16_t depth;
	uint32_t freed[FREED_DEPTH];
} cursor;

typedef struct cursors {
	heap_owner of; /* the process whose they are: a forked child goes its own ways */
	cursor at[SLAB_CLASSES];
} cursors;
_Static_assert(sizeof(cursors) <= LOCAL_HEAP_SIZE, "they are the thread's own");

static cursor *cursor_for(unsigned class)
{
	static _Thread_local cursor forgetful;
	heap_owner me = account_self.owner;
	local *thread = local_get();
	if (!thread) {
		forgetful = (cursor){0};
		return &forgetful;
	}
	cursors *mine = (cursors *)thread->heap;
	if (mine->of != me) {
		memset(mine, 0, sizeof(*mine));
		mine->of = me;
	}
	return &mine->at[class];
}

/* Takers that met step apart by a cache line of words. */
enum { STEP_ASIDE = 16 };

unsigned slab_class_for(size_t size, size_t alignment)
{
	if (size <= 32 && alignment <= 32)
		return 0;
	if (size < alignment)
		size = alignment;
	unsigned class = small_classes[size <= 1024 ? (size + 63) / 64 : 16];
	while (slab_classes[class].size < size || slab_classes[class].size & (alignment - 1))
		class ++;
	return class;
}

static bool is_slab(uint32_t chunk, unsigned class)
{
	return atomic_load(run_at(chunk)) == run_word(RUN_SLAB, class, 0);
}

static _Atomic uint64_t *available_at(uint32_t chunk, unsigned class)
{
	return &map_group(chunk)->available[class];
}

static uint64_t available_bit(uint32_t chunk)
{
	return UINT64_C(1) << (chunk % HEAP_GROUP_CHUNKS);
}

static void set_available(uint32_t chunk, unsigned class)
{
	_Atomic uint64_t *bits = available_at(chunk, class);
	if (!(atomic_load(bits) & available_bit(chunk)))
		atomic_fetch_or(bits, available_bit(chunk));
}

void slab_hint(uint32_t chunk, unsigned class)
{
	_Atomic uint32_t *row = map_row(chunk);
	for (uint32_t i = 0; i < slab_classes[class].count; i++) {
		if (atomic_load(&row[i]) != BLOCK_FREE)
			continue;
		if (is_slab(chunk, class))
			set_available(chunk, class);
		return;
	}
}

static void clear_available(uint32_t chunk, unsigned class)
{
	atomic_fetch_and(available_at(chunk, class), ~available_bit(chunk));
	if (is_slab(chunk, class))
		slab_hint(chunk, class);
}

/* Claims block i if it is free and the chunk still is of the class. */
static bool claim(uint32_t chunk, unsigned class, uint32_t i, heap_owner owner)
{
	_Atomic uint32_t *word = &map_row(chunk)[i];
	uint32_t expected = BLOCK_FREE;
	if (!atomic_compare_exchange_strong(word, &expected, owner))
		return false;
	if (is_slab(chunk, class))
		return true;
	expected = owner;
	atomic_compare_exchange_strong(word, &expected, BLOCK_FREE);
	return false;
}

static void *block_at(uint32_t chunk, unsigned class, uint32_t i)
{
	return map_chunk(chunk) + (size_t)i * slab_classes[class].size;
}

static void remember_freed(unsigned class, uint32_t chunk, uint32_t i)
{
	cursor *at = cursor_for(class);
	at->freed[at->depth++ % FREED_DEPTH] = chunk * HEAP_ROW_WORDS + i + 1;
}

/* One of the blocks that this thread freed last, or NULL. */
static void *alloc_freed(cursor *at, unsigned class, heap_owner owner)
{
	uint32_t freed;
	while ((freed = at->freed[(at->depth - 1U) % FREED_DEPTH])) {
		at->freed[--at->depth % FREED_DEPTH] = 0;
		uint32_t chunk = (freed - 1) / HEAP_ROW_WORDS, i = (freed - 1) % HEAP_ROW_WORDS;
		if (i < slab_classes[class].count && claim(chunk, class, i, owner))
			return block_at(chunk, class, i);
	}
	return NULL;
}

/* A free block of the cursor's chunk, or NULL when none was found. */
static void *alloc_in_chunk(cursor *at, unsigned class, heap_owner owner)
{
	uint32_t chunk = at->chunk - 1, count = slab_classes[class].count;
	_Atomic uint32_t *row = map_row(chunk);
	if (!is_slab(chunk, class))
		return NULL;
	uint32_t i = at->next;
	for (uint32_t seen = 0; seen < count; seen++, i++) {
		if (i >= count)
			i = 0;
		if (atomic_load_explicit(&row[i], memory_order_relaxed) != BLOCK_FREE)
			continue;
		if (claim(chunk, class, i, owner)) {
			at->next = (uint16_t)(i + 1);
			return block_at(chunk, class, i);
		}
		if (!is_slab(chunk, class))
			return NULL;
		i += STEP_ASIDE;
		seen += STEP_ASIDE;
	}
	clear_available(chunk, class);
	return NULL;
}

/* Puts the cursor on another chunk of the class that may have a free block. */
static bool find_chunk(cursor *at, unsigned class)
{
	uint32_t top = atomic_load(&heap_map.super->top);
	uint32_t groups = (top + HEAP_GROUP_CHUNKS - 1) / HEAP_GROUP_CHUNKS;
	uint32_t group = at->chunk ? (at->chunk - 1) / HEAP_GROUP_CHUNKS : 0;
	for (uint32_t seen = 0; seen < groups; seen++, group++) {
		if (group >= groups)
			group = 0;
		uint64_t bits = atomic_load(&heap_map.groups[group].available[class]);
		for (; bits; bits &= bits - 1) {
			uint32_t chunk =
				group * HEAP_GROUP_CHUNKS + (uint32_t)__builtin_ctzll(bits);
			if (!is_slab(chunk, class)) {
				clear_available(chunk, class);
				continue;
			}
			/* Processes that come to the same chunk begin in different places of it. */
			uint32_t turn = owner_slot(account_self.owner) * 61;
			at->chunk = chunk + 1;
			at->next = (uint16_t)(turn % slab_classes[class].count);
			return true;
		}
	}
	return false;
}

/* Makes a chunk that is OPENING by this process, and has its memory, a slab. */
static void finish_opening(uint32_t chunk, unsigned class)
{
	_Atomic uint32_t *row = map_row(chunk);
	for (uint32_t i = 0; i < slab_classes[class].count; i++) {
		uint32_t expected = BLOCK_NONE;
		atomic_compare_exchange_strong(&row[i], &expected, BLOCK_FREE);
	}
	atomic_store(&map_group(chunk)->witness[chunk % HEAP_GROUP_CHUNKS], 0);
	atomic_store(run_at(chunk), run_word(RUN_SLAB, class, 0));
	set_available(chunk, class);
}

static int take_memory(uint32_t chunk, unsigned class, bool cached)
{
	size_t row = slab_classes[class].count * sizeof(uint32_t);
	int r = memory_take((void *)(uintptr_t)map_row(chunk), (row + 4095) & ~(size_t)4095);
	return r < 0 || cached ? r : memory_take(map_chunk(chunk), HEAP_CHUNK_SIZE);
}

/* Puts the cursor on a fresh chunk. */
static bool open_chunk(cursor *at, unsigned class)
{
	uint32_t length;
	uint32_t me = account_self.owner;
	uint64_t opening = run_word(RUN_OPENING, class, me);
	cache_trim(false);
	uint32_t chunk = cache_take(1, RUN_OPENING, class, me, &length);
	bool cached = chunk != RUN_NONE;
	if (!cached)
		chunk = run_claim(1, opening);
	if (chunk == RUN_NONE)
		return false;
	if (take_memory(chunk, class, cached) < 0) {
		atomic_store(run_at(chunk), run_word(RUN_FREEING, 1, me));
		run_release(chunk, 1);
		return false;
	}
	finish_opening(chunk, class);
	at->chunk = chunk + 1;
	at->next = 0;
	return true;
}

static bool next_chunk(cursor *at, unsigned class)
{
	account_begin();
	bool found = find_chunk(at, class) || open_chunk(at, class);
	account_end();
	return found;
}

void *slab_alloc(unsigned class, heap_owner owner)
{
	cursor *at = cursor_for(class);
	void *freed = alloc_freed(at, class, owner);
	if (freed)
		return freed;
	for (;;) {
		void *block = at->chunk ? alloc_in_chunk(at, class, owner) : NULL;
		if (block)
			return block;
		if (!next_chunk(at, class))
			return NULL;
	}
}

/* The first block in use from `from` on, going round; count when there is none. */
static uint32_t find_used(uint32_t chunk, unsigned class, uint32_t from)
{
	_Atomic uint32_t *row = map_row(chunk);
	uint32_t count = slab_classes[class].count, i = from;
	for (uint32_t seen = 0; seen < count; seen++, i++) {
		if (i >= count)
			i = 0;
		if (atomic_load(&row[i]) >= BLOCK_FIRST_OWNER)
			return i;
	}
	return count;
}

/*
 * Finds the chunk's next witness; false when it is empty. The new one may be freed
 * before it is set: whoever does that sees the old one and does nothing, so it
 * is looked at again afterwards.
 */
static bool find_witness(uint32_t chunk, unsigned class, uint32_t from)
{
	_Atomic uint16_t *witness = &map_group(chunk)->witness[chunk % HEAP_GROUP_CHUNKS];
	uint32_t i = from;
	do {
		i = find_used(chunk, class, i);
		if (i == slab_classes[class].count)
			return false;
		atomic_store(witness, (uint16_t)i);
	} while (atomic_load(&map_row(chunk)[i]) < BLOCK_FIRST_OWNER);
	return true;
}

/* The chunk's witness was freed. */
static void look_for_empty(uint32_t chunk, unsigned class, uint32_t witness)
{
	_Atomic uint32_t *spare = &heap_map.super->spare[class];
	uint32_t kept = atomic_load(spare);
	if (kept == chunk + 1 || find_witness(chunk, class, witness))
		return;
	/* A spare that is in use is none; from now on its emptying is looked for. */
	if (!kept || !is_slab(kept - 1, class) || find_witness(kept - 1, class, 0)) {
		atomic_compare_exchange_strong(spare, &kept, chunk + 1);
		return;
	}
	slab_close(chunk, class);
}

bool slab_free(uint32_t chunk, unsigned class, uint32_t index, heap_owner owner)
{
	uint32_t expected = owner;
	if (!atomic_compare_exchange_strong(&map_row(chunk)[index], &expected, BLOCK_FREE))
		return false;
	set_available(chunk, class);
	remember_freed(class, chunk, index);
	if (atomic_load(&map_group(chunk)->witness[chunk % HEAP_GROUP_CHUNKS]) == index)
		look_for_empty(chunk, class, index);
	return true;
}

/* Makes a chunk that is CLOSING by this process a slab again. */
static void undo_closing(uint32_t chunk, unsigned class)
{
	_Atomic uint32_t *row = map_row(chunk);
	for (uint32_t i = 0; i < slab_classes[class].count; i++) {
		uint32_t expected = BLOCK_NONE;
		atomic_compare_exchange_strong(&row[i], &expected, BLOCK_FREE);
	}
	atomic_store(run_at(chunk), run_word(RUN_SLAB, class, 0));
	set_available(chunk, class);
}

static bool close_blocks(uint32_t chunk, unsigned class)
{
	_Atomic uint32_t *row = map_row(chunk);
	for (uint32_t i = 0; i < slab_classes[class].count; i++) {
		uint32_t expected = BLOCK_FREE;
		if (!atomic_compare_exchange_strong(&row[i], &expected, BLOCK_NONE))
			return false;
	}
	return true;
}

static bool close_chunk(uint32_t chunk, unsigned class)
{
	uint32_t me = account_self.owner;
	uint64_t word = run_word(RUN_SLAB, class, 0);
	uint64_t closing = run_word(RUN_CLOSING, class, me);
	if (!atomic_compare_exchange_strong(run_at(chunk), &word, closing))
		return false;
	if (!close_blocks(chunk, class)) {
		undo_closing(chunk, class);
		return false;
	}
	/* While it is ours: later it may be somebody's bit again. */
	atomic_fetch_and(available_at(chunk, class), ~available_bit(chunk));
	if (cache_put(chunk, 1, closing))
		return true;
	atomic_store(run_at(chunk), run_word(RUN_FREEING, 1, me));
	run_release(chunk, 1);
	return true;
}

bool slab_close(uint32_t chunk, unsigned class)
{
	if (find_used(chunk, class, 0) != slab_classes[class].count)
		return false;
	account_begin();
	bool closed = close_chunk(chunk, class);
	account_end();
	return closed;
}

static void recover_opening(uint32_t chunk, unsigned class)
{
	/* The first word is written first, and after the memory was taken; while it is 0 no
	 * other process can have claimed a block. Once it is not, one that is late may hold
	 * one for a moment, so the chunk cannot be taken back: it is opened. */
	if (atomic_load(&map_row(chunk)[0]) != BLOCK_NONE) {
		finish_opening(chunk, class);
		return;
	}
	atomic_store(run_at(chunk), run_word(RUN_FREEING, 1, account_self.owner));
	run_release(chunk, 1);
}

void slab_recover(uint32_t chunk, uint64_t word)
{
	unsigned class = run_what(word);
	bool opening = run_kind(word) == RUN_OPENING;
	uint64_t mine = run_word(run_kind(word), class, account_self.owner);
	if (!atomic_compare_exchange_strong(run_at(chunk), &word, mine))
		return;
	if (opening)
		recover_opening(chunk, class);
	else
		undo_closing(chunk, class);
}
