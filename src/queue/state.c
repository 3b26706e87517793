/* SPDX-License-Identifier: MIT */
/* What a queue is like at the moment; closing it. */

#include "base/error.h"
#include "heap/life.h"
#include "queue/queue.h"

/* Messages in slots; *ret_busy is somebody who is writing or taking one, or 0. */
static uint64_t count_ready(brood_queue *q, heap_owner *ret_busy)
{
	uint64_t ready = 0;
	*ret_busy = 0;
	ring *r = atomic_load(&q->get_ring);
	for (; r && r != RING_LAST; r = atomic_load(&r->next)) {
		ring_view view = ring_look(r);
		ready += ring_count_ready(r);
		if (!*ret_busy)
			*ret_busy = view.writer ? view.writer : view.taker;
	}
	return ready;
}

typedef struct records {
	size_t held;
	size_t returned;
	bool of_dead; /* one is of a process that has died */
} records;

static records count_records(brood_queue *q)
{
	records is = {0};
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
		uint64_t word = atomic_load(&w.record->word);
		is.held += taken_is_held(word);
		is.returned += (uint32_t)word == TAKEN_RETURNED;
		is.of_dead = is.of_dead || queue_is_dead(taken_owner(word), false);
	}
	return is;
}

/* Messages that may be taken. What dead processes were taking, writing or had taken is settled. */
static size_t count_queued(brood_queue *q)
{
	heap_owner busy;
	uint64_t ready = count_ready(q, &busy);
	records have = count_records(q);
	if ((have.of_dead || queue_is_dead(busy, false)) && queue_repair(q)) {
		ready = count_ready(q, &busy);
		have = count_records(q);
	}
	return ready + have.returned;
}

long brood_queue_size(brood_queue *q)
{
	int r = queue_check(q);
	return r < 0 ? r : (long)count_queued(q);
}

bool brood_queue_empty(brood_queue *q)
{
	return queue_check(q) == 0 && count_queued(q) == 0;
}

bool brood_queue_full(brood_queue *q)
{
	if (queue_check(q) < 0)
		return false;
	ring *r = atomic_load(&q->put_ring);
	ring_view view = ring_look(r);
	if (queue_is_dead(view.writer ? view.writer : view.taker, false))
		queue_repair(q);
	return q->most != UINT64_MAX && !ring_has_room(r, q->most);
}

int brood_queue_stats_get(brood_queue *q, brood_queue_stats *out)
{
	int r = queue_check(q);
	if (r < 0)
		return r;
	if (!out)
		return error_set(EINVAL, "out is NULL");
	queue_repair(q);
	size_t queued = count_queued(q);
	*out = (brood_queue_stats){
		.queued = queued,
		.unfinished = count_records(q).held,
		.dropped = atomic_load(&q->dropped),
		.redelivered = atomic_load(&q->redelivered),
		.abandoned = atomic_load(&q->abandoned),
	};
	return 0;
}

bool queue_is_ready(brood_queue *q)
{
	queue_view view = queue_look(q);
	if (!view.found && queue_is_dead(view.busy, false) && queue_repair(q))
		view = queue_look(q);
	if (view.found || (q->redeliver && count_queued(q) > 0))
		return true;
	return view.over && !(q->redeliver && queue_has_unfinished(q, life_owner(), NULL));
}

int brood_queue_fd(brood_queue *q)
{
	int r = queue_check(q);
	if (r < 0)
		return r;
	int fd = bell_ticking_descriptor(&q->bell);
	/* What is there already must show. */
	if (fd >= 0 && queue_is_ready(q))
		bell_ring(&q->bell);
	return fd;
}

int brood_queue_close(brood_queue *q)
{
	int r = queue_check(q);
	if (r < 0)
		return r;
	atomic_store(&q->closed, 1);
	gate_wake_all(&q->items);
	gate_wake_all(&q->space);
	bell_ring(&q->bell);
	return 0;
}

bool brood_queue_is_closed(brood_queue *q)
{
	return queue_check(q) == 0 && atomic_load(&q->closed);
}
