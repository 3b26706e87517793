/* SPDX-License-Identifier: MIT */

/*
 * A queue is a chain of rings (ring.h). A bounded queue has one. Any other gets a ring of twice
 * the size when the last is full: who puts goes on to it and never back, so each writer's order
 * is kept; who gets goes on when the ring before is sealed, and drained. Sealing makes that
 * sure: a taker that finds a ring's end free, and another ring behind it, turns the end into
 * SEALED, so that a late writer finds no place in the old ring. A ring that was left
 * is not used again, and stays until the queue is freed, since a writer that stopped
 * there may go on any time; all of them together are smaller than the last.
 *
 * Closing sets a flag, which who puts looks at first. The taker that finds the last ring's end
 * then makes sure that no ring follows (RING_LAST), and seals: what was put before the seal is
 * delivered, and what comes after it is refused, so "closed and empty" is final.
 *
 * | killed                         | what is left                | repaired by              |
 * | ------------------------------ | --------------------------- | ------------------------ |
 * | making the queue, or freeing   | a block of the dead one     | its sweep                |
 * | with a new ring, not linked    | the ring                    | the queue's end frees it |
 * | ring linked, not yet used      | an empty ring               | it is used               |
 * | between RING_LAST and the seal | a ring that cannot grow     | the next taker seals     |
 * | sealed, get_ring is old        | a drained ring              | takers walk past it      |
 * | closed, nobody woken           | the flag                    | sleepers look by 50 ms   |
 */

#include "queue/queue.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "heap/account.h"
#include "sync/object.h"
#include "type/fingerprint.h"

enum {
	MAX_MAX = 1 << 24,
	ROOM_ANY = 40, /* bytes in a slot of a queue for any type: a slot is a cache line */
};

/* An unbounded queue's first ring, in bytes, and slots at least; the model has fewer to look
 * through. */
#ifndef FIRST_BYTES
#define FIRST_BYTES 16384
#define FIRST_SLOTS 32
#endif

int queue_check(const brood_queue *q)
{
	if (!q)
		return error_absent("the queue");
	if (!brood_heap_contains(q) || (uintptr_t)q % _Alignof(brood_queue) ||
	    q->magic != QUEUE_MAGIC)
		return error_set(EINVAL, "%p is no queue, or one that has been freed",
				 (const void *)q);
	return 0;
}

static uint32_t shift_for(size_t slots)
{
	uint32_t shift = 0;
	while (((size_t)1 << shift) < slots)
		shift++;
	return shift;
}

static ring *make_ring(brood_queue *q, uint32_t shift, uint32_t serial)
{
	size_t size = ring_size(shift, q->room);
	ring *r = heap_alloc(64, size, q->self);
	if (!r)
		return NULL;
	memset(r, 0, size);
	ring_begin(r, shift, q->room, serial);
	return r;
}

static uint32_t first_shift(const brood_queue *q)
{
	if (q->most != UINT64_MAX)
		return shift_for(q->most);
	size_t slot = ring_size(0, q->room) - sizeof(ring);
	size_t slots = FIRST_BYTES / slot;
	return shift_for(slots < FIRST_SLOTS ? FIRST_SLOTS : slots);
}

static int check_options(const brood_queue_options *options)
{
	const brood_type *type = options->type;
	if (options->max > MAX_MAX)
		return error_set(EINVAL, "a queue's max is at most %d, or 0 for no bound", MAX_MAX);
	if (type && type->kind != BROOD_KIND_STRUCT && type->kind != BROOD_KIND_STRING &&
	    type->kind != BROOD_KIND_BYTES && type->kind != BROOD_KIND_HANDLE &&
	    type->kind != BROOD_KIND_SHARED && (type->kind < BROOD_KIND_BOOL || !type->size))
		return error_set(EINVAL, "a queue cannot be of type '%s'", type->name);
	if (options->max_deliveries && !options->redeliver)
		return error_set(EINVAL, "max_deliveries is for a queue with .redeliver = true");
	return 0;
}

/* What a slot has room for; with redelivery it must survive the slot, so it is in a block. */
static uint32_t room_for(const brood_queue_options *options)
{
	if (options->redeliver)
		return sizeof(void *);
	if (!options->type || !message_is_flat(options->type))
		return ROOM_ANY;
	uint32_t size = options->type->size;
	return size > MESSAGE_INLINE_MAX ? sizeof(void *) : size < 8 ? 8 : size;
}

static int set_up(brood_queue *q, const brood_queue_options *options)
{
	memset(q, 0, sizeof(*q));
	q->self = heap_object(q);
	q->most = options->max ? options->max : UINT64_MAX;
	q->room = room_for(options);
	q->joinable = options->joinable || options->redeliver;
	q->redeliver = options->redeliver;
	q->max_deliveries = options->max_deliveries;
	const brood_type *type = options->type;
	if (type) {
		q->fingerprint = fingerprint_of(type);
		q->verbatim = !q->redeliver && type->size <= q->room && message_is_verbatim(type);
		if (!queue_learn(q, q->fingerprint, type->name))
			return -ENOMEM;
	}
	ring *first = make_ring(q, first_shift(q), 0);
	if (!first || (q->joinable && taken_begin(&q->pages, q->self) < 0))
		return -ENOMEM;
	atomic_store(&q->put_ring, first);
	atomic_store(&q->get_ring, first);
	q->magic = QUEUE_MAGIC;
	return 0;
}

static void discard(brood_queue *q)
{
	/* From here on the death of this process frees it, and what belongs to it. */
	heap_give(q, account_me());
	q->magic = 0;
	heap_sweep(heap_object(q));
	brood_free(q);
}

brood_queue *brood_queue_new_with(const brood_queue_options *given)
{
	brood_queue_options options = {0};
	if (options_copy(given, &options, sizeof(options), "use brood_queue_new()") < 0 ||
	    check_options(&options) < 0)
		return error_to_null(-errno);
	brood_queue *q = brood_aligned_alloc(_Alignof(brood_queue), sizeof(*q));
	if (!q)
		return NULL;
	int r = set_up(q, &options);
	/* Until here it is this process's, so that its death frees it. */
	if (r == 0)
		r = heap_give(q, HEAP_OWNER_LIBRARY);
	if (r < 0) {
		discard(q);
		return error_to_null(r);
	}
	return q;
}

int brood_queue_free(brood_queue *q)
{
	if (!q)
		return 0;
	int r = queue_check(q);
	if (r < 0)
		return r;
	bell_end(&q->bell);
	discard(q);
	return 0;
}

ring *queue_grow(brood_queue *q, ring *r)
{
	ring *next = atomic_load(&r->next);
	if (!next) {
		ring *made = make_ring(q, r->shift + 1, r->serial + 1);
		if (!made)
			return error_to_null(-ENOMEM);
		if (atomic_compare_exchange_strong(&r->next, &next, made))
			next = made;
		else
			heap_free_owned(made, q->self);
	}
	if (next == RING_LAST)
		return error_null(EPIPE, "the queue is closed");
	atomic_compare_exchange_strong(&q->put_ring, &r, next);
	return next;
}

/* The first message as one walk from the head finds it. */
static queue_view walk(brood_queue *q)
{
	queue_view view = {.ring = atomic_load(&q->get_ring)};
	for (;;) {
		ring *r = view.ring;
		view.at = ring_look(r);
		view.skipped_writer = view.skipped_writer || view.at.writer;
		if (!view.busy)
			view.busy = view.at.writer ? view.at.writer : view.at.taker;
		view.found = view.at.found;
		if (view.found)
			return view;
		ring *next = atomic_load(&r->next);
		if (!next && atomic_load(&q->closed) &&
		    atomic_compare_exchange_strong(&r->next, &next, RING_LAST))
			next = RING_LAST;
		if (!next)
			return view;
		bool full = ring_ahead(r, view.at.pos, view.at.word) < 0;
		if (!full && !ring_seal(r, view.at.pos)) { /* it is not the end any more */
			view = (queue_view){.ring = atomic_load(&q->get_ring)};
			continue;
		}
		if (full && next == RING_LAST)
			return view;
		/* A ring that somebody holds up cannot be sealed: until he goes on, a writer that
		 * is late may come to put there. */
		view.skipped_writer = view.skipped_writer || full;
		if (next == RING_LAST) {
			view.over = !view.busy;
			return view;
		}
		if (!view.busy)
			atomic_compare_exchange_strong(&q->get_ring, &r, next);
		view.ring = next;
	}
}

queue_view queue_look(brood_queue *q)
{
	queue_view view = walk(q);
	while (view.found && view.skipped_writer) {
		queue_view again = walk(q);
		if (again.found && again.ring == view.ring && again.at.pos == view.at.pos)
			break;
		view = again;
	}
	return view;
}

bool queue_learn(brood_queue *q, uint64_t fingerprint, const char *name)
{
	for (int i = 0; i < QUEUE_NAMES; i++) {
		queue_name *known = atomic_load(&q->names[i]);
		if (!known) {
			size_t size = sizeof(*known) + strlen(name) + 1;
			queue_name *made = heap_alloc(1, size, q->self);
			if (!made)
				return false;
			made->fingerprint = fingerprint;
			memcpy(made->name, name, size - sizeof(*known));
			if (atomic_compare_exchange_strong(&q->names[i], &known, made))
				return true;
			heap_free_owned(made, q->self);
		}
		if (known->fingerprint == fingerprint)
			return true;
	}
	return false;
}

const char *queue_name_of(brood_queue *q, uint64_t fingerprint)
{
	for (int i = 0; i < QUEUE_NAMES; i++) {
		const queue_name *known = atomic_load(&q->names[i]);
		if (known && known->fingerprint == fingerprint)
			return known->name;
	}
	return "?";
}
