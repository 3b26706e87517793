/* SPDX-License-Identifier: MIT */

/*
 * A ring of slots for any number of writers and takers, of which any may be killed
 * at any instruction, or stopped.
 *
 * Whoever changes a slot owns it, and owner and state are one word, so that a claim and the
 * name of who made it are one compare-and-swap:
 *
 *	FREE@n -> writing(P)@n -> READY@n -> taking(C)@n -> FREE@n+1
 *	FREE@n -> SEALED@n
 *	taking(C)@n -> READY@n                   put back
 *	writing(P)@n -> FREE@n+1                 given up
 *
 * The laps keep apart a slot's uses: a compare-and-swap that is late by a lap fails. (It
 * would have to be late by exactly 2^32 laps to succeed wrongly.) Only an owner leaves
 * writing and taking, or, once it is dead, the one repairer (repair.c).
 *
 * head and tail are hints that only save walking. Positions are claimed without gaps: FREE@n
 * is claimed for the first position that is FREE only, because tail is never beyond it, and a
 * writer goes on from a position when it was claimed and not before. A hint that is too low, since
 * its writer was late or killed, costs steps; nobody relies on more. So they are plain
 * stores.
 *
 * A taker skips positions that others are writing or taking: a stopped writer holds up its own
 * message and no other. That could break the order of one writer (skip its first message,
 * which then becomes ready, and find its second), so who has skipped a writer looks
 * again from the head, and believes what it has found twice: what was being written after the
 * found one had been ready is another writer's.
 *
 * Behind a position that stays taken, by somebody who is stopped, head cannot go on. So that others
 * need not walk further each time, `gap` says how many behind it have been passed; passed is
 * for ever, so that cannot become wrong. (A position is told by 40 bits: it would
 * have to be the same again after 2^40 messages without another such walk.)
 *
 * | killed as or at     | what is left   | what that means to others; who repairs it      |
 * | ------------------- | -------------- | ---------------------------------------------- |
 * | before claiming     | nothing        |                                                |
 * | writing             | writing(P)     | takers skip it; whoever finds the ring full or |
 * |                     |                | drained but for it frees it: repair.c          |
 * | READY, tail is old  | a message      | tail is walked past                            |
 * | READY, not woken    | a message      | sleepers look every 50 ms: gate.h              |
 * | taking              | taking(C)      | as writing; dropped and counted, or READY      |
 * |                     |                | again: repair.c                                |
 * | freed, head is old  | a free slot    | head is walked past                            |
 * | sealed, next is new | a sealed ring  | takers go on to the next: queue.c              |
 */

#include "queue/ring.h"

enum { LINE = 64, GAP_BITS = 24 };

/* A gap that is worth remembering; in the model one. */
#ifndef GAP_LEAST
#define GAP_LEAST 64
#endif

static size_t round_up(size_t value, size_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

/* Large payloads start on a cache line: memcpy() can be ten times slower from elsewhere. */
static uint32_t payload_at(uint32_t payload)
{
	return payload >= 4 * LINE ? LINE : sizeof(ring_slot);
}

/* Each slot has lines of its own: who writes one does not wait for who reads its neighbour. */
static uint32_t stride_for(uint32_t payload)
{
	return (uint32_t)round_up(payload_at(payload) + payload, LINE);
}

size_t ring_size(uint32_t shift, uint32_t payload)
{
	return sizeof(ring) + ((size_t)stride_for(payload) << shift);
}

void ring_begin(ring *r, uint32_t shift, uint32_t payload, uint32_t serial)
{
	r->shift = shift;
	r->stride = stride_for(payload);
	r->payload_at = payload_at(payload);
	r->serial = serial;
	r->magic = RING_MAGIC;
}

static void set_hint(_Atomic uint64_t *hint, uint64_t value)
{
	atomic_store_explicit(hint, value, memory_order_relaxed);
}

static uint64_t get_hint(_Atomic uint64_t *hint)
{
	return atomic_load_explicit(hint, memory_order_relaxed);
}

/* The slot's word. Pairs with the stores of ring_publish(), ring_release() and ring_give_back(). */
static uint64_t look(ring *r, uint64_t pos)
{
	return atomic_load_explicit(&ring_slot_at(r, pos)->word, memory_order_acquire);
}

uint64_t ring_count_head(ring *r)
{
	uint64_t from = get_hint(&r->head), pos = from;
	while (ring_ahead(r, pos, look(r, pos)) > 0)
		pos++;
	if (pos != from)
		set_hint(&r->head, pos);
	return pos;
}

static bool is_claimed(ring *r, uint64_t pos, uint64_t word)
{
	int32_t ahead = ring_ahead(r, pos, word);
	return ahead > 0 ||
	       (ahead == 0 && (uint32_t)word != RING_FREE && (uint32_t)word != RING_SEALED);
}

bool ring_is_claimed(ring *r, uint64_t pos)
{
	return is_claimed(r, pos, look(r, pos));
}

uint64_t ring_count_tail(ring *r)
{
	uint64_t pos = get_hint(&r->tail);
	while (is_claimed(r, pos, look(r, pos)))
		pos++;
	return pos;
}

uint64_t ring_count_ready(ring *r)
{
	uint64_t ready = 0, tail = ring_count_tail(r);
	for (uint64_t pos = ring_count_head(r); pos < tail; pos++)
		ready += ring_is_ready(r, pos);
	return ready;
}

/* Whether less than `most` positions are in use before this one. */
static bool has_room(ring *r, uint64_t pos, uint64_t most)
{
	if (most >> r->shift) /* a free slot is room enough */
		return true;
	/* Signed: messages may have come and gone beyond the position since it was the end. */
	if ((int64_t)(pos - get_hint(&r->head_seen)) < (int64_t)most)
		return true;
	uint64_t head = ring_count_head(r);
	set_hint(&r->head_seen, head);
	return (int64_t)(pos - head) < (int64_t)most;
}

enum ring_claim ring_claim(ring *r, heap_owner me, uint64_t most, uint64_t *ret_pos)
{
	uint64_t pos = get_hint(&r->tail);
	for (;;) {
		uint64_t word = look(r, pos);
		if (is_claimed(r, pos, word)) {
			pos++;
			continue;
		}
		if (ring_ahead(r, pos, word) < 0)
			return RING_FULL;
		if ((uint32_t)word == RING_SEALED)
			return RING_CLOSED;
		if (!has_room(r, pos, most))
			return RING_FULL;
		if (atomic_compare_exchange_strong(&ring_slot_at(r, pos)->word, &word,
						   ring_word(ring_lap(r, pos), me))) {
			*ret_pos = pos;
			return RING_CLAIMED;
		}
	}
}

bool ring_has_room(ring *r, uint64_t most)
{
	uint64_t pos = ring_count_tail(r);
	uint64_t word = look(r, pos);
	return ring_ahead(r, pos, word) >= 0 && has_room(r, pos, most);
}

bool ring_may_have_room(ring *r, uint64_t most, uint64_t count)
{
	uint64_t end = ring_count_tail(r) + count;
	return end <= most || ring_ahead(r, end - most - 1, look(r, end - most - 1)) > 0;
}

static uint64_t gap_of(uint64_t pos, uint64_t length)
{
	const uint64_t most = (UINT64_C(1) << GAP_BITS) - 1;
	return pos << GAP_BITS | (length < most ? length : most);
}

/* How many positions behind this one are known to have been passed. */
static uint64_t gap_behind(ring *r, uint64_t pos)
{
	uint64_t gap = get_hint(&r->gap), start = gap_of(pos, 0);
	return gap - start < UINT64_C(1) << GAP_BITS ? gap - start : 0;
}

/* A walk over positions that are not READY. */
typedef struct walk {
	uint64_t busy; /* the first that somebody writes or takes */
	uint64_t next; /* the first behind it that has not been passed, either */
	bool any, ended;
} walk;

static uint64_t walk_past_busy(walk *w, ring *r, uint64_t pos)
{
	if (w->any) {
		w->next = w->ended ? w->next : pos;
		w->ended = true;
		return pos;
	}
	w->any = true;
	w->busy = pos;
	return pos + gap_behind(r, pos);
}

static void remember_gap(ring *r, const walk *w, uint64_t end)
{
	uint64_t length = (w->ended ? w->next : end) - w->busy - 1;
	if (w->any && length >= GAP_LEAST && length > gap_behind(r, w->busy))
		set_hint(&r->gap, gap_of(w->busy, length));
}

ring_view ring_look(ring *r)
{
	uint64_t from = get_hint(&r->head), pos = from;
	ring_view view = {0};
	walk w = {0};
	for (;; pos++) {
		uint64_t word = look(r, pos);
		uint32_t state = (uint32_t)word;
		int32_t ahead = ring_ahead(r, pos, word);
		if (ahead > 0)
			continue;
		if (ahead == 0 && state > RING_SEALED) {
			heap_owner *whose = state & RING_TAKING ? &view.taker : &view.writer;
			if (!*whose)
				*whose = state & ~RING_TAKING;
			pos = walk_past_busy(&w, r, pos);
			continue;
		}
		remember_gap(r, &w, pos);
		view.pos = pos;
		view.word = word;
		view.found = ahead == 0 && state == RING_READY;
		if (pos != from && !view.writer && !view.taker)
			set_hint(&r->head, pos);
		return view;
	}
}

bool ring_has_news(ring *r)
{
	uint64_t pos = get_hint(&r->head);
	uint64_t word = look(r, pos);
	return ring_ahead(r, pos, word) > 0 || (uint32_t)word == RING_READY ||
	       (uint32_t)word == RING_SEALED;
}

void ring_give_back(ring *r, uint64_t pos)
{
	atomic_exchange(&ring_slot_at(r, pos)->word, ring_word(ring_lap(r, pos), RING_READY));
}

bool ring_seal(ring *r, uint64_t pos)
{
	uint64_t end = ring_word(ring_lap(r, pos), RING_FREE);
	return atomic_compare_exchange_strong(&ring_slot_at(r, pos)->word, &end,
					      ring_word(ring_lap(r, pos), RING_SEALED)) ||
	       end == ring_word(ring_lap(r, pos), RING_SEALED);
}
