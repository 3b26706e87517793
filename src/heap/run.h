/* SPDX-License-Identifier: MIT */
#ifndef HEAP_RUN_H
#define HEAP_RUN_H

/*
 * Runs of chunks: a slab is a run of one, a large block one of as many as it
 * needs. Each chunk has a word:
 *
 *	who or when: 32 bits | what: 24 bits | kind: 4 bits
 *
 * A large block's head is claimed first, then its other chunks ascending; given
 * up, they are released descending, the head last. So a TAIL never outlives the
 * head it names, and whoever died on the way left a head that says who it was.
 * The words in the middle of a change (OPENING, CLOSING, CLAIMED, FREEING) have
 * one living process that may go on with it: the one they name, or, once that
 * is dead, the one which put its own name there. The one commit point of a large
 * block is CLAIMED -> HEAD.
 */

#include "heap/map.h"

enum run_kind {
	RUN_FREE,    /* the whole word is 0 */
	RUN_OPENING, /* what: class; who: the opener */
	RUN_SLAB,    /* what: class; who: 0 */
	RUN_CLOSING, /* what: class; who: the closer */
	RUN_CLAIMED, /* what: length; who: the claimer */
	RUN_HEAD,    /* what: length; who: the owner */
	RUN_CACHED,  /* what: length; when: cache.c */
	RUN_FREEING, /* what: length; who: the freer */
	RUN_TAIL,    /* what: the head's index; who: 0 */
};

#define RUN_NONE UINT32_MAX

static inline uint64_t run_word(enum run_kind kind, uint32_t what, uint32_t who)
{
	return (uint64_t)kind | (uint64_t)what << 4 | (uint64_t)who << 32;
}

static inline enum run_kind run_kind(uint64_t word)
{
	return (enum run_kind)(word & 15);
}

static inline uint32_t run_what(uint64_t word)
{
	return (uint32_t)word >> 4 & 0xffffff;
}

static inline uint32_t run_who(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static inline _Atomic uint64_t *run_at(uint32_t chunk)
{
	return &map_group(chunk)->run[chunk % HEAP_GROUP_CHUNKS];
}

/* How many chunks a word read at a run's first chunk says that it has. */
static inline uint32_t run_length(uint64_t word)
{
	enum run_kind kind = run_kind(word);
	bool large = kind == RUN_HEAD || kind == RUN_CACHED || kind == RUN_FREEING;
	return large && run_what(word) ? run_what(word) : 1;
}

/*
 * Claims `length` free chunks in a row, without their memory. claim is the word for
 * the head: CLAIMED or OPENING, by this process. Returns the first, or RUN_NONE
 * with its sentence.
 */
uint32_t run_claim(uint32_t length, uint64_t claim);

/* Gives back the memory of a run whose head is FREEING by this process, and then the chunks. */
void run_release(uint32_t head, uint32_t length);

/* The calling process takes a run that a dead one was claiming or freeing, and releases it. */
void run_recover(uint32_t head, uint64_t word);

#endif
