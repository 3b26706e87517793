/* SPDX-License-Identifier: MIT */
/* What takers of a joinable queue owe it: to finish what they have taken. */

#include <errno.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "heap/life.h"
#include "queue/queue.h"

static int check_joinable(const brood_queue *q)
{
	int r = queue_check(q);
	if (r == 0 && !q->joinable)
		r = error_set(EINVAL, "the queue does not know what is finished: make it with "
				      ".joinable = true or .redeliver = true");
	return r;
}

/* Which of this process's records is meant. */
typedef struct choice {
	bool any;	     /* the oldest, this thread's if it has one */
	const void *message; /* else the one with this */
} choice;

static bool is_meant(const taken *record, const choice *which)
{
	return which->any || (record->arg == which->message && record->handed);
}

/* *ret_mine: it is this thread's. */
static taken *find(brood_queue *q, heap_owner me, const choice *which, bool *ret_mine)
{
	taken *oldest = NULL;
	bool mine = false;
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
		taken *record = w.record;
		uint64_t word = atomic_load(&record->word);
		if (!taken_is_held(word) || taken_owner(word) != me ||
		    taken_deliveries(word) & TAKEN_UNSETTLED || !is_meant(record, which))
			continue;
		bool my = record->thread == queue_thread();
		if (oldest && (my < mine || (my == mine && atomic_load(&record->key) >
								   atomic_load(&oldest->key))))
			continue;
		oldest = record;
		mine = my;
	}
	*ret_mine = mine;
	return oldest;
}

/* The message becomes the process's, or, when only a copy of it was handed out, goes. */
static void settle(brood_queue *q, const taken *record, heap_owner me)
{
	uint64_t key = atomic_load(&record->key);
	if (!q->redeliver || record->what != MESSAGE_BLOCK ||
	    !message_is_ours(record->arg, key, q->self))
		return;
	if (record->handed)
		heap_give(record->arg, me);
	else
		message_free_ours(record->arg, key, q->self);
}

static int finish(brood_queue *q, const choice *which)
{
	int r = check_joinable(q);
	heap_owner me = r == 0 ? life_owner() : 0;
	if (!me)
		return r < 0 ? r : -errno;
	for (;;) {
		bool mine;
		taken *record = find(q, me, which, &mine);
		if (!record)
			return error_set(EINVAL, "this process has no such message unfinished: "
						 "each that it got can be finished once");
		uint64_t word = atomic_load(&record->word);
		/* Against the process's other threads. Dead from here on it is still held. */
		uint64_t unsettled =
			taken_word(taken_deliveries(word) | TAKEN_UNSETTLED, (uint32_t)word);
		if (taken_owner(word) != me || !taken_is_held(word) ||
		    taken_deliveries(word) & TAKEN_UNSETTLED ||
		    !atomic_compare_exchange_strong(&record->word, &word, unsettled))
			continue;
		/* Another thread may have finished that one and taken another meanwhile. */
		if (!is_meant(record, which) || mine != (record->thread == queue_thread())) {
			atomic_store(&record->word, word);
			continue;
		}
		settle(q, record, me);
		atomic_store(&record->word, TAKEN_FREE);
		gate_wake(&q->done, INT32_MAX);
		queue_tell_drained(q);
		return 0;
	}
}

int brood_queue_task_done(brood_queue *q)
{
	return finish(q, &(choice){.any = true});
}

int brood_queue_task_done_of(brood_queue *q, const void *message)
{
	return finish(q, &(choice){.message = message});
}

int brood_queue_deliveries(brood_queue *q, const void *message)
{
	int r = check_joinable(q);
	heap_owner me = r == 0 ? life_owner() : 0;
	if (!me)
		return r < 0 ? r : -errno;
	bool mine;
	const taken *record = find(q, me, &(choice){.message = message}, &mine);
	if (!record)
		return error_set(EINVAL, "this process has no such message unfinished");
	return (int)(taken_deliveries(atomic_load(&record->word)) & ~TAKEN_UNSETTLED);
}

/* The tail of the chain: what it was when nothing had been put since. */
typedef struct mark {
	ring *ring;
	uint64_t tail;
} mark;

static mark end_of(brood_queue *q)
{
	ring *r = atomic_load(&q->get_ring), *next;
	while ((next = atomic_load(&r->next)) && next != RING_LAST)
		r = next;
	return (mark){r, ring_count_tail(r)};
}

/* Whether at one moment nothing was queued, on its way in or out, or unfinished; else *ret_busy is
 * a process that has some of it, or 0. */
static bool all_done(brood_queue *q, heap_owner *ret_busy)
{
	mark before = end_of(q);
	ring *r = atomic_load(&q->get_ring);
	*ret_busy = 0;
	for (; r && r != RING_LAST; r = atomic_load(&r->next)) {
		ring_view view = ring_look(r);
		*ret_busy = view.writer ? view.writer : view.taker;
		if (view.found || *ret_busy)
			return false;
	}
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
		uint64_t word = atomic_load(&w.record->word);
		if ((uint32_t)word == TAKEN_RETURNED || taken_is_held(word)) {
			*ret_busy = taken_owner(word);
			return false;
		}
	}
	/* Messages go from slots to records and were looked for in this order, so they were all
	 * finished when nothing new came meanwhile. */
	mark after = end_of(q);
	return after.ring == before.ring && after.tail == before.tail;
}

static int join(brood_queue *q, deadline when)
{
	int r = check_joinable(q);
	if (r < 0)
		return r;
	queue_wait w = {.at = &q->done, .when = when};
	heap_owner busy;
	while (r == 0 && !all_done(q, &busy))
		r = queue_wait_once(&w, q, busy);
	if (r == -EINTR)
		return interrupt_error("the queue's messages to be finished");
	return r < 0 ? error_set(ETIMEDOUT, "not all messages have been finished") : 0;
}

int brood_queue_join(brood_queue *q)
{
	return join(q, DEADLINE_NEVER);
}

int brood_queue_join_timed(brood_queue *q, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : join(q, when);
}

int brood_queue_join_nowait(brood_queue *q)
{
	return join(q, 0);
}
