/* SPDX-License-Identifier: MIT */

/*
 * Taking: the first message is looked at, what its receiver needs (a block, a record) is
 * prepared, and only then is it claimed: from there on nothing can fail.
 *
 * | killed                         | what is left               | repaired by              |
 * | ------------------------------ | -------------------------- | ------------------------ |
 * | preparing                      | a block of the dead one,   | its sweep; repair.c      |
 * |                                | an empty record            |                          |
 * | claimed                        | taking(C), the message     | repair.c: dropped and    |
 * |                                |                            | counted, or READY again  |
 * | the record filled in           | taking(C), the record      | repair.c: the record     |
 * |                                |                            | decides                  |
 * | the block is the taker's       | taking(C)                  | the block by the sweep,  |
 * |                                |                            | repair.c counts it       |
 * | the slot freed                 | nothing, or the record     | repair.c: the record     |
 * | freed, nobody woken            | room                       | sleepers look by 50 ms   |
 */

#include "queue/take.h"

#include <errno.h>
#include <string.h>

#include "queue/queue.h"

/* Marks a thread, for the records. */
static _Thread_local char thread_mark __attribute__((tls_model("initial-exec")));

const void *queue_thread(void)
{
	return &thread_mark;
}

/* What a slot says of its message, before it is claimed: true when it said so while READY. */
typedef struct label {
	uint32_t what;
	uint32_t size;
	uint64_t fingerprint;
} label;

static bool read_label(ring *r, uint64_t pos, label *ret)
{
	ring_slot *slot = ring_slot_at(r, pos);
	/* As in a seqlock: what was read belongs to the word if that still is the same. These
	 * pair with the stores of a later writer, put.c, which come after a change of the word. */
	ret->what = atomic_load_explicit(&slot->what, memory_order_acquire);
	ret->size = atomic_load_explicit(&slot->size, memory_order_acquire);
	ret->fingerprint = atomic_load_explicit(&slot->fingerprint, memory_order_acquire);
	return atomic_load_explicit(&slot->word, memory_order_relaxed) ==
	       ring_word(ring_lap(r, pos), RING_READY);
}

static int check_label(const delivery *d, uint32_t what, uint64_t fingerprint)
{
	if (what == MESSAGE_NONE)
		return d->not_none ? -ENODATA : 0;
	if (d->want && d->want != fingerprint)
		return -EBADMSG;
	return 0;
}

/* The block that the receiver of an inline value gets. */
static int prepare_block(brood_queue *q, delivery *d, const label *is)
{
	if (d->into || is->what != MESSAGE_INLINE)
		return 0;
	if (d->block && d->block_type == is->fingerprint && d->block_size == is->size)
		return 0;
	brood_free(d->block);
	d->block = pickle_block_named(queue_name_of(q, is->fingerprint), is->fingerprint, is->size,
				      d->me);
	d->block_type = is->fingerprint;
	d->block_size = is->size;
	return d->block ? 0 : -ENOMEM;
}

static int prepare(brood_queue *q, delivery *d, const label *is)
{
	int r = prepare_block(q, d, is);
	if (r == 0 && q->joinable && !d->record) {
		d->record = taken_claim(&q->pages, d->me, q->self);
		r = d->record ? 0 : -ENOMEM;
	}
	return r;
}

static void unprepare(delivery *d)
{
	if (d->block)
		brood_free(d->block);
	if (d->record)
		atomic_store(&d->record->word, TAKEN_FREE);
}

static void record_taking(delivery *d, const label *is, uint64_t key, void *arg)
{
	taken *record = d->record;
	atomic_store(&record->key, key);
	record->arg = arg;
	record->fingerprint = is->fingerprint;
	record->what = is->what;
	record->handed = !d->into;
	record->thread = queue_thread();
	atomic_store(&record->word, taken_word(1, d->me | TAKEN_HELD));
	d->record = NULL;
}

static void *payload_pointer(const unsigned char *payload)
{
	void *pointer;
	memcpy(&pointer, payload, sizeof(pointer));
	return pointer;
}

/* The message of a block that is the taker's, or stays the queue's while it is unfinished. */
static void deliver_block(brood_queue *q, delivery *d, void *value)
{
	if (d->into)
		memcpy(d->into, value, d->into_size);
	else
		d->arg = value;
	if (d->into && !q->redeliver)
		brood_free(value);
}

static void free_slot(brood_queue *q, ring *r, uint64_t pos)
{
	ring_slot *slot = ring_slot_at(r, pos);
	atomic_store_explicit(&slot->what, MESSAGE_NOTHING, memory_order_relaxed);
	ring_release(r, pos);
	gate_wake(&q->space, 1);
	queue_tell_drained(q);
}

/* The slot is the caller's, and nothing can fail any more. */
static void take_out(brood_queue *q, ring *r, uint64_t pos, delivery *d, const label *is)
{
	unsigned char *payload = ring_payload(r, ring_slot_at(r, pos));
	bool has_pointer = is->what == MESSAGE_POINTER || is->what == MESSAGE_BLOCK;
	void *pointer = has_pointer ? payload_pointer(payload) : NULL;
	if (d->record)
		record_taking(d, is, ring_key(r, pos),
			      is->what == MESSAGE_INLINE && d->block ? pickle_block_body(d->block)
								     : pointer);
	d->none = is->what == MESSAGE_NONE;
	if (is->what == MESSAGE_INLINE && d->into) {
		memcpy(d->into, payload, is->size);
	} else if (is->what == MESSAGE_INLINE) {
		d->arg = memcpy(pickle_block_body(d->block), payload, is->size);
		d->block = NULL;
	} else if (is->what == MESSAGE_BLOCK && !q->redeliver) {
		heap_give(pointer, d->me);
	}
	free_slot(q, r, pos);
	if (is->what == MESSAGE_POINTER && d->into)
		memcpy(d->into, &pointer, sizeof(pointer));
	else if (is->what == MESSAGE_POINTER)
		d->arg = pointer;
	else if (is->what == MESSAGE_BLOCK)
		deliver_block(q, d, pointer);
}

/* What was seen READY. 1: taken; 0: somebody was quicker; or a negative errno. */
static int take(brood_queue *q, ring *from, uint64_t pos, delivery *d)
{
	label is;
	if (!read_label(from, pos, &is))
		return 0;
	int r = check_label(d, is.what, is.fingerprint);
	if (r == 0)
		r = prepare(q, d, &is);
	if (r < 0)
		return r;
	if (!ring_take(from, pos, d->me))
		return 0;
	take_out(q, from, pos, d, &is);
	return 1;
}

/* The first of the messages that came back from the dead, mine from now on; NULL when there is
 * none. Its record says so to others, but not yet to this process's other threads. */
static taken *take_over(brood_queue *q, heap_owner me)
{
	for (;;) {
		taken *first = NULL;
		uint64_t key = 0, word = 0;
		for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
			uint64_t is = atomic_load(&w.record->word);
			uint64_t its = atomic_load(&w.record->key);
			if ((uint32_t)is != TAKEN_RETURNED || (first && key < its))
				continue;
			first = w.record;
			key = its;
			word = is;
		}
		uint32_t deliveries = taken_deliveries(word) | TAKEN_UNSETTLED;
		if (!first || atomic_compare_exchange_strong(
				      &first->word, &word, taken_word(deliveries, me | TAKEN_HELD)))
			return first;
	}
}

/* As take(). The record stays where it is, and has another holder. */
static int take_returned(brood_queue *q, delivery *d)
{
	uint32_t hint = atomic_load(&q->returned);
	taken *record = take_over(q, d->me);
	if (!record) {
		/* Unless one has been returned since, which counts. */
		atomic_compare_exchange_strong(&q->returned, &hint, hint & ~UINT32_C(1));
		return 0;
	}
	uint32_t deliveries = taken_deliveries(atomic_load(&record->word)) & ~TAKEN_UNSETTLED;
	int r = check_label(d, record->what, record->fingerprint);
	if (r < 0) {
		atomic_store(&record->word, taken_word(deliveries, TAKEN_RETURNED));
		queue_hint_returned(q); /* who looked meanwhile has taken the hint back */
		return r;
	}
	record->handed = !d->into;
	record->thread = queue_thread();
	atomic_store(&record->word, taken_word(deliveries, d->me | TAKEN_HELD));
	d->none = record->what == MESSAGE_NONE;
	if (record->what == MESSAGE_BLOCK)
		deliver_block(q, d, record->arg);
	else if (d->into && !d->none)
		memcpy(d->into, &record->arg, sizeof(record->arg));
	else
		d->arg = record->arg;
	return 1;
}

/* Nothing is there: for now, or ever. */
static int wait_for_more(brood_queue *q, const queue_view *view, const delivery *d, queue_wait *w)
{
	heap_owner busy = view->busy;
	/* What others have not finished may come back. */
	bool unfinished = q->redeliver && queue_has_unfinished(q, d->me, busy ? NULL : &busy);
	if (view->over && !unfinished)
		return -EPIPE;
	int r = queue_wait_once(w, q, busy);
	if (r == -ETIMEDOUT && atomic_load(&q->bell.listened) && !w->cleared) {
		/* Its descriptor says no more that there is something; so look once again. */
		bell_clear(&q->bell);
		w->cleared = true;
		return 0;
	}
	return r;
}

/* As take(), of the first message that there is; or waits for one. */
static int look_further(brood_queue *q, delivery *d, queue_wait *w)
{
	queue_view view = queue_look(q);
	/* What a dead one was at would be walked past each time. */
	if (view.found && queue_is_dead(view.busy, false) && queue_repair(q))
		return 0;
	if (view.found)
		return take(q, view.ring, view.at.pos, d);
	int r = q->redeliver ? take_returned(q, d) : 0;
	return r ? r : wait_for_more(q, &view, d, w);
}

int take_message(brood_queue *q, delivery *d, deadline when)
{
	queue_wait w = {.at = &q->items, .when = when};
	int r;
	do {
		r = atomic_load(&q->returned) & 1 ? take_returned(q, d) : 0;
		if (r != 0)
			break;
		ring *from = atomic_load_explicit(&q->get_ring, memory_order_acquire);
		uint64_t pos = ring_head(from);
		if (ring_is_ready(from, pos))
			r = take(q, from, pos, d);
		else
			r = look_further(q, d, &w);
	} while (r == 0);
	unprepare(d);
	/* What was found after clearing is for others, too, or there may be more. */
	if (w.cleared && r != -ETIMEDOUT)
		bell_ring(&q->bell);
	/* It was left to others, one of whom may sleep while this one was woken. */
	if (r == -EBADMSG || r == -ENODATA)
		queue_tell(q);
	return r < 0 ? r : 0;
}
