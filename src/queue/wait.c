/* SPDX-License-Identifier: MIT */

/*
 * Waiting, and what it spins for. Who takes each message as it is put, or each place as it is
 * freed, follows the other from cache line to cache line, at half the speed of both. So a putter
 * that finds the queue full spins until a quarter is free, and a taker that finds it
 * empty, while messages stream, until some more are there than the first; each of them not for
 * long if there is one.
 */

#include <errno.h>

#include "heap/life.h"
#include "queue/queue.h"

enum {
	/* Of the looks at who is in the way, one of so many asks the kernel: it need not have told
	 * of a death (heap/life.h). */
	THOROUGH_EVERY = 20,
	STREAM_RUN = 8,	   /* so many messages between two waits are a stream */
	STREAM_MORE = 32,  /* then so many after the first are worth waiting for, */
	STREAM_LOOKS = 32, /* for some 2 us */
};

/* Where this thread found no message last. */
static _Thread_local struct {
	const ring *ring;
	uint64_t pos;
	uint64_t enough; /* the position that it spins for */
	int looks;	 /* how often it will look for that when there is a message */
} stream __attribute__((tls_model("initial-exec")));

static void look_at_stream(ring *r)
{
	uint64_t pos = ring_head(r), quarter = UINT64_C(1) << r->shift >> 2;
	bool runs = stream.ring == r && pos - stream.pos >= STREAM_RUN;
	stream.looks = runs ? STREAM_LOOKS : 0;
	stream.enough = pos + (quarter < STREAM_MORE ? quarter : STREAM_MORE);
	stream.ring = r;
	stream.pos = pos;
}

static enum gate_ready look_for_message(void *object)
{
	brood_queue *q = object;
	ring *r = atomic_load(&q->get_ring);
	if (atomic_load(&q->closed) || atomic_load(&q->returned) & 1)
		return GATE_ENOUGH;
	if (!ring_has_news(r))
		return GATE_NONE;
	if (stream.looks == 0 || ring_is_claimed(r, stream.enough))
		return GATE_ENOUGH;
	stream.looks--;
	return GATE_SOME;
}

static enum gate_ready look_for_room(void *object)
{
	brood_queue *q = object;
	ring *r = atomic_load(&q->put_ring);
	if (atomic_load(&q->closed) || ring_may_have_room(r, q->most, 1 + q->most / 4))
		return GATE_ENOUGH;
	return ring_may_have_room(r, q->most, 1) ? GATE_SOME : GATE_NONE;
}

static bool spin(brood_queue *q, const gate *at)
{
	if (at == &q->space)
		return gate_spin(look_for_room, q);
	if (at != &q->items)
		return false;
	look_at_stream(atomic_load(&q->get_ring));
	return gate_spin(look_for_message, q);
}

bool queue_is_dead(heap_owner who, bool thorough)
{
	return who && (thorough ? table_dead(who) : life_dead(who));
}

int queue_wait_once(queue_wait *w, brood_queue *q, heap_owner busy)
{
	bool thorough = w->turns++ % THOROUGH_EVERY == THOROUGH_EVERY - 1;
	bool dead = queue_is_dead(busy, thorough);
	if (dead && queue_repair(q))
		return 0;
	if (w->when == 0)
		return -ETIMEDOUT;
	if (!w->spun) {
		w->spun = true;
		if (spin(q, w->at))
			return 0;
	}
	if (!w->announced) {
		w->token = gate_enter(w->at);
		w->announced = true;
		return 0;
	}
	w->announced = false;
	/* Waiting for a dead one is over at once; somebody else repairs, and wakes all then. */
	return gate_sleep(w->at, w->token, dead ? 0 : busy, w->when);
}
