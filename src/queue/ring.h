/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_RING_H
#define QUEUE_RING_H

/*
 * The slots that messages pass through; ring.c has the design.
 *
 * Positions are counted without end; position p is slot p % capacity in its lap
 * p / capacity. A slot's word says what is in it:
 *
 *	lap: 32 bits | state: 32 bits
 *
 *	RING_FREE      may be claimed for the position of this lap
 *	RING_READY     holds a message
 *	RING_SEALED    nothing is put at this position or after it
 *	an owner       that process is writing its message
 *	owner | bit 31 that process is taking it, or putting it back
 */

#include <stdatomic.h>

#include "heap/owner.h"

enum { RING_FREE = 0, RING_READY = 1, RING_SEALED = 2 };
#define RING_TAKING UINT32_C(0x80000000)

typedef struct ring_slot {
	_Atomic uint64_t word;
	_Atomic uint32_t what;	      /* message.h: what the payload is; 0: nothing */
	_Atomic uint32_t size;	      /* of the payload in use */
	_Atomic uint64_t fingerprint; /* of its type; 0: none */
} ring_slot;

typedef struct ring ring;
struct ring {
	uint64_t magic;
	uint32_t shift;	     /* the capacity is 1 << shift */
	uint32_t stride;     /* from slot to slot */
	uint32_t payload_at; /* in a slot */
	uint32_t serial;     /* counts the queue's rings */

	/* The ring after this one; RING_LAST: there will be none. */
	_Alignas(64) ring *_Atomic next;

	/* Written by who puts. */
	_Alignas(64) _Atomic uint64_t tail; /* hint: all before it were claimed */
	_Atomic uint64_t head_seen;	    /* a head that somebody has counted */

	/* Written by who gets. */
	_Alignas(64) _Atomic uint64_t head; /* hint: all before it have been passed */
	_Atomic uint64_t gap;		    /* hint: a position, and how many behind it have been */

	_Alignas(64) unsigned char slots[];
};
_Static_assert(sizeof(ring) == 256, "writers have lines of their own");

#define RING_MAGIC UINT64_C(0x72696e67646f6f72)
#define RING_LAST  ((ring *)1)

/* For a capacity and payload that fit; all slots are zero, which is free in lap 0. */
size_t ring_size(uint32_t shift, uint32_t payload);
void ring_begin(ring *r, uint32_t shift, uint32_t payload, uint32_t serial);

static inline uint32_t ring_lap(const ring *r, uint64_t pos)
{
	return (uint32_t)(pos >> r->shift);
}

static inline uint64_t ring_word(uint32_t lap, uint32_t state)
{
	return (uint64_t)lap << 32 | state;
}

static inline ring_slot *ring_slot_at(ring *r, uint64_t pos)
{
	uint64_t index = pos & ((UINT64_C(1) << r->shift) - 1);
	return (ring_slot *)(void *)(r->slots + index * r->stride);
}

static inline unsigned char *ring_payload(ring *r, ring_slot *slot)
{
	return (unsigned char *)slot + r->payload_at;
}

/* A number for the message at a position, ascending in the order of the queue; never 0. */
static inline uint64_t ring_key(const ring *r, uint64_t pos)
{
	return (uint64_t)(r->serial + 1) << 44 | (pos & ((UINT64_C(1) << 44) - 1));
}

enum ring_claim { RING_CLAIMED, RING_FULL, RING_CLOSED };

/*
 * Claims the first free position for me to write, when less than `most` are in use.
 * ring_publish() then makes it a message.
 */
enum ring_claim ring_claim(ring *r, heap_owner me, uint64_t most, uint64_t *ret_pos);
static inline void ring_publish(ring *r, uint64_t pos)
{
	/* seq_cst, for the gates: who sleeps has announced that and then looked here. */
	atomic_exchange(&ring_slot_at(r, pos)->word, ring_word(ring_lap(r, pos), RING_READY));
	atomic_store_explicit(&r->tail, pos + 1, memory_order_relaxed);
}

/* Whether a claim would find room now. */
bool ring_has_room(ring *r, uint64_t most);

/* As a guess, by a look at one slot: whether so many claims would. */
bool ring_may_have_room(ring *r, uint64_t most, uint64_t count);

/* What a consumer finds from the head on. */
typedef struct ring_view {
	uint64_t pos;	   /* the first READY, or the end: the first that is not claimed */
	uint64_t word;	   /* of that slot */
	bool found;	   /* it is READY */
	heap_owner writer; /* of the first position skipped that is being written, or 0 */
	heap_owner taker;  /* of the first that is being taken, or 0 */
} ring_view;
ring_view ring_look(ring *r);

static inline bool ring_is_ready(ring *r, uint64_t pos)
{
	/* Pairs with ring_publish() and ring_give_back(). */
	return atomic_load_explicit(&ring_slot_at(r, pos)->word, memory_order_acquire) ==
	       ring_word(ring_lap(r, pos), RING_READY);
}

/* The position that one would look at first: a message mostly, if there is any. */
static inline uint64_t ring_head(ring *r)
{
	return atomic_load_explicit(&r->head, memory_order_relaxed);
}

/* Whether a message is or was at the position, or is being written. */
bool ring_is_claimed(ring *r, uint64_t pos);

/* Whether it is worth while to look: a message, or the end, may be at the head. */
bool ring_has_news(ring *r);

/* The position is READY, and mine from now on to take out; false when somebody was quicker. */
static inline bool ring_take(ring *r, uint64_t pos, heap_owner me)
{
	uint64_t ready = ring_word(ring_lap(r, pos), RING_READY);
	return atomic_compare_exchange_strong(&ring_slot_at(r, pos)->word, &ready,
					      ring_word(ring_lap(r, pos), me | RING_TAKING));
}

/* Ends that: the slot is free for the next lap, or READY again. Also for a position that was
 * claimed and not published. */
static inline void ring_release(ring *r, uint64_t pos)
{
	atomic_exchange(&ring_slot_at(r, pos)->word, ring_word(ring_lap(r, pos) + 1, RING_FREE));
	if (atomic_load_explicit(&r->head, memory_order_relaxed) == pos)
		atomic_store_explicit(&r->head, pos + 1, memory_order_relaxed);
}
void ring_give_back(ring *r, uint64_t pos);

/* Seals the end, at this position. False when it is not the end any more. */
bool ring_seal(ring *r, uint64_t pos);

/* Exact counts, of a moment. */
uint64_t ring_count_head(ring *r);
uint64_t ring_count_tail(ring *r);
uint64_t ring_count_ready(ring *r);

/* Whether a position's word is that of this lap, and not one of a later one. */
static inline int32_t ring_ahead(const ring *r, uint64_t pos, uint64_t word)
{
	return (int32_t)((uint32_t)(word >> 32) - ring_lap(r, pos));
}

#endif
