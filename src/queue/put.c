/* SPDX-License-Identifier: MIT */

/*
 * Putting: the value is packed, a position claimed, the message written there and published.
 * Nothing of the queue is held while the value is copied into a block, so what
 * can take long, or fail, is over before.
 *
 * | killed                          | what is left            | repaired by               |
 * | ------------------------------- | ----------------------- | ------------------------- |
 * | packing                         | a block of the dead one | its sweep                 |
 * | claimed, until the block is the | writing(P), and a block | repair.c; the block by    |
 * | queue's                         | of the dead one         | the sweep                 |
 * | until it is published           | writing(P), and a block | repair.c frees both: put  |
 * |                                 | of the queue            | has not returned          |
 * | published                       | a message               | it is delivered           |
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "heap/life.h"
#include "queue/queue.h"
#include "type/fingerprint.h"

static int closed_error(void)
{
	return error_set(EPIPE, "the queue is closed: nothing can be put any more");
}

static int full_error(const brood_queue *q)
{
	return error_set(ETIMEDOUT, "the queue is full (it holds %llu messages at most)",
			 (unsigned long long)q->most);
}

static int wait_error(const brood_queue *q, int r)
{
	return r == -EINTR ? interrupt_error("room in the queue") : full_error(q);
}

/* The position is given up: it was nobody's message. */
static void abandon(brood_queue *q, ring *r, uint64_t pos)
{
	ring_slot *slot = ring_slot_at(r, pos);
	atomic_store(&slot->what, MESSAGE_NOTHING);
	ring_release(r, pos);
	gate_wake(&q->space, 1);
	queue_tell_drained(q);
}

static int write_message(brood_queue *q, ring *r, uint64_t pos, const parcel *p)
{
	ring_slot *slot = ring_slot_at(r, pos);
	/* Pair with the loads in take.c: who sees these sees that the slot is being written. */
	atomic_store_explicit(&slot->size, p->size, memory_order_release);
	atomic_store_explicit(&slot->fingerprint, p->fingerprint, memory_order_release);
	if (p->what == MESSAGE_BLOCK)
		message_stamp(p->pointer, ring_key(r, pos));
	if (p->size)
		memcpy(ring_payload(r, slot), p->from, p->size);
	/* Pairs with the load in repair.c, too: a block that is named was stamped. */
	atomic_store_explicit(&slot->what, p->what, memory_order_release);
	if (p->what == MESSAGE_BLOCK) {
		int e = heap_give(p->pointer, q->self);
		if (e < 0) {
			abandon(q, r, pos);
			return e;
		}
	}
	ring_publish(r, pos);
	return 0;
}

/* A place to write to: 1 with a position, 0 to look again, or a negative errno. */
static int find_place(brood_queue *q, heap_owner me, queue_wait *w, ring **ret_ring,
		      uint64_t *ret_pos)
{
	ring *r = atomic_load(&q->put_ring);
	if (atomic_load(&q->closed))
		return closed_error();
	switch (ring_claim(r, me, q->most, ret_pos)) {
	case RING_CLAIMED:
		*ret_ring = r;
		return 1;
	case RING_CLOSED:
		return queue_grow(q, r) ? 0 : closed_error();
	case RING_FULL:
		break;
	}
	ring_view view = ring_look(r);
	heap_owner busy = view.writer ? view.writer : view.taker;
	if (q->most != UINT64_MAX) {
		int e = queue_wait_once(w, q, busy);
		return e < 0 ? wait_error(q, e) : 0;
	}
	if (queue_is_dead(busy, false) && queue_repair(q))
		return 0;
	return queue_grow(q, r) ? 0 : -errno;
}

int queue_put(brood_queue *q, const parcel *p, deadline when)
{
	heap_owner me = life_owner();
	if (!me)
		return -errno;
	queue_wait w = {.at = &q->space, .when = when};
	ring *r = NULL;
	uint64_t pos = 0;
	int found;
	while ((found = find_place(q, me, &w, &r, &pos)) == 0)
		;
	if (found > 0)
		found = write_message(q, r, pos, p);
	if (found == 0)
		queue_tell(q);
	return found;
}

int queue_check_type(const brood_queue *q, const brood_type *type)
{
	if (!q->fingerprint || q->fingerprint == fingerprint_of(type))
		return 0;
	if (type->kind == BROOD_KIND_UNKNOWN)
		return error_absent("the pointer to the value");
	return error_set(EBADMSG, "the queue is for messages of another type than '%s'",
			 type->name);
}

static int pack(brood_queue *q, const brood_value *value, void *scratch, parcel *ret)
{
	if (q->verbatim && value->type) {
		*ret = (parcel){
			.what = MESSAGE_INLINE,
			.size = value->type->size,
			.fingerprint = q->fingerprint,
			.from = value->from ? value->from : &value->inside,
		};
		return 0;
	}
	int r = parcel_pack(value, q->redeliver ? 0 : q->room, scratch, ret);
	if (r == 0 && ret->what == MESSAGE_INLINE && !queue_learn(q, ret->fingerprint, ret->name))
		r = parcel_pack(value, 0, scratch, ret);
	return r;
}

static int put_one(brood_queue *q, const brood_value *value, deadline when)
{
	_Alignas(16) unsigned char scratch[MESSAGE_INLINE_MAX];
	parcel p;
	int r = value->type ? queue_check_type(q, value->type) : 0;
	if (r == 0)
		r = pack(q, value, scratch, &p);
	if (r < 0)
		return r;
	r = queue_put(q, &p, when);
	if (r < 0)
		parcel_drop(&p);
	return r;
}

static int put(brood_queue *q, const brood_value *value, deadline when)
{
	int r = queue_check(q);
	return r < 0 ? r : put_one(q, value, when);
}

int brood_put_value(brood_queue *q, brood_value value)
{
	return put(q, &value, DEADLINE_NEVER);
}

int brood_put_value_timed(brood_queue *q, brood_value value, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : put(q, &value, when);
}

int brood_put_value_nowait(brood_queue *q, brood_value value)
{
	return put(q, &value, 0);
}

static long put_many(brood_queue *q, const brood_type *type, const void *items, size_t count,
		     deadline when)
{
	int r = queue_check(q);
	if (r < 0)
		return r;
	if (!type || !items)
		return error_set(EINVAL, "%s is NULL", type ? "the array of items" : "the type");
	long done = 0;
	for (; r == 0 && (size_t)done < count; done += r == 0) {
		const char *item = (const char *)items + (size_t)done * type->size;
		brood_value value = brood_value_at(type, item);
		r = put_one(q, &value, when);
	}
	return done ? done : r;
}

long brood_put_many_as(brood_queue *q, const brood_type *type, const void *items, size_t count)
{
	return put_many(q, type, items, count, DEADLINE_NEVER);
}

long brood_put_many_as_timed(brood_queue *q, const brood_type *type, const void *items,
			     size_t count, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : put_many(q, type, items, count, when);
}

long brood_put_many_as_nowait(brood_queue *q, const brood_type *type, const void *items,
			      size_t count)
{
	return put_many(q, type, items, count, 0);
}
