/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_TAKEN_H
#define QUEUE_TAKEN_H

/*
 * Who has taken which message of a joinable queue and not finished it: a record each. A
 * record's word:
 *
 *	deliveries: 32 bits | state: 32 bits
 *
 *	TAKEN_FREE
 *	an owner           that process fills it in, or empties it
 *	owner | bit 31     that process has the message
 *	TAKEN_RETURNED     its taker died: for the next who gets
 *
 * A taker fills in a record before it frees the message's slot, and a message never goes
 * back from a record to a slot. So it is always in one of them, and in both only while its
 * slot names the taker too: when that one dies, the record counts (repair.c).
 */

#include <stdatomic.h>

#include "heap/owner.h"

enum { TAKEN_FREE = 0, TAKEN_RETURNED = 1 };
#define TAKEN_HELD UINT32_C(0x80000000)

/* With the deliveries: the thread that takes it over has not filled in that it is the one. */
#define TAKEN_UNSETTLED UINT32_C(0x80000000)

typedef struct taken {
	_Atomic uint64_t word;
	_Atomic uint64_t key;
	void *_Atomic arg; /* what the taker got, or the pointer to its block */
	uint64_t fingerprint;
	uint32_t what;		    /* enum message_what */
	_Atomic bool handed;	    /* the taker has the pointer, not only a copy */
	const void *_Atomic thread; /* that took it */
	uint64_t reserved[2];
} taken;

/* With these a page takes as much as one of the machine; the model has fewer to look through. */
#ifndef TAKEN_PAGE
#define TAKEN_PAGE 62
#endif

typedef struct taken_page {
	struct taken_page *_Atomic next;
	uint64_t reserved[7];
	_Alignas(64) taken record[TAKEN_PAGE];
} taken_page;
_Static_assert(sizeof(taken) == 64, "a record is a cache line");

static inline uint64_t taken_word(uint32_t deliveries, uint32_t state)
{
	return (uint64_t)deliveries << 32 | state;
}

static inline uint32_t taken_deliveries(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

/* The process that a word names, in whichever state; 0: none. */
static inline heap_owner taken_owner(uint64_t word)
{
	uint32_t state = (uint32_t)word;
	return state > TAKEN_RETURNED ? state & ~TAKEN_HELD : 0;
}

static inline bool taken_is_held(uint64_t word)
{
	return (uint32_t)word & TAKEN_HELD;
}

/* Makes the first page of records; -ENOMEM. */
int taken_begin(taken_page *_Atomic *pages, heap_owner queue);

/* A free record, mine to fill in; NULL with errno ENOMEM. */
taken *taken_claim(taken_page *_Atomic *pages, heap_owner me, heap_owner queue);

/* Goes over all records: for (taken_walk w = taken_all(pages); taken_next(&w);) w.record ... */
typedef struct taken_walk {
	taken_page *page;
	unsigned index;
	taken *record;
} taken_walk;
taken_walk taken_all(taken_page *_Atomic *pages);
bool taken_next(taken_walk *w);

#endif
