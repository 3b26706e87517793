/* SPDX-License-Identifier: MIT */
#ifndef SYNC_SEATS_H
#define SYNC_SEATS_H

/*
 * A list of words that name processes, at the end of an object. It grows and never
 * shrinks: a further page is an allocation that the object owns, so it goes with
 * the object, and when its maker is killed before it is linked, then too.
 */

#include "heap/life.h"

/* With these an object takes two cache lines; the model has fewer to look through. */
#ifndef SEATS_AT_FIRST
#define SEATS_AT_FIRST 6
#endif

typedef struct seat {
	_Atomic uint32_t word; /* 0 or a heap_owner, as the object says */
	_Atomic uint32_t mark; /* the object's */
} seat;

typedef struct seats {
	struct seats *_Atomic more;
	uint32_t count;
	uint32_t reserved;
} seats; /* and behind it, the seats */

static inline seat *seats_at(seats *page, uint32_t index)
{
	return (seat *)(page + 1) + index;
}

/* The bytes of seats at the end of an object. */
static inline size_t seats_size(uint32_t count)
{
	return sizeof(seats) + count * sizeof(seat);
}

/* Goes over all: for (seat_walk w = seats_begin(s); w.seat; seats_next(&w)). */
typedef struct seat_walk {
	seats *page;
	seat *seat;
	uint32_t index; /* in its page */
} seat_walk;

static inline seat_walk seats_begin(seats *s)
{
	return (seat_walk){s, seats_at(s, 0), 0};
}

static inline void seats_next(seat_walk *w)
{
	if (++w->index == w->page->count) {
		w->page = atomic_load(&w->page->more);
		w->index = 0;
	}
	w->seat = w->page ? seats_at(w->page, w->index) : NULL;
}

/* Adds a page, of free seats with this word. 0, or -ENOMEM with its sentence. */
int seats_grow(seats *s, const void *object, uint32_t word);

#endif
