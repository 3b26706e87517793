/* SPDX-License-Identifier: MIT */

/*
 * What the dead leave in a queue: slots that name them, and records. Whoever is kept waiting by
 * one, or counts, repairs all of them, one process at a time: the word `repairer` names
 * it, and when it is dead the next takes its place and begins anew. So each step may
 * be done twice, and nothing but the counters needs to know that: dropping a message sets the
 * next count, then the message's key, then the count; done again for the same key it
 * sets the same.
 *
 * First it is settled who is dead, then their slots are freed, then their records are emptied.
 * A message that a dead taker had moved to a record is in both; so the slots come first,
 * while the record still tells. One that died after the list was made keeps all it had until
 * the next repair.
 *
 * | left by the dead    | in a plain queue  | joinable          | with redeliver                |
 * | ------------------- | ----------------- | ----------------- | ----------------------------- |
 * | slot being written  | freed, its block too, counted as abandoned                            |
 * | slot being taken,   | freed and counted | freed, counted by | freed: the record has         |
 * | with a record       | as dropped        | the record        | the message                   |
 * | the same, no record |                   | as plain          | READY again                   |
 * | record being filled |                   | free              | free                          |
 * | record held         |                   | free, counted as  | RETURNED: before all          |
 * |                     |                   | dropped           | others; or dropped            |
 */

#include "base/error.h"
#include "heap/life.h"
#include "queue/queue.h"

enum { DEAD_MAX = 64 }; /* at a time */

/* Who was found dead before anything was repaired. */
typedef struct obituary {
	heap_owner dead[DEAD_MAX];
	unsigned count;
	heap_owner alive; /* the last one that was not */
} obituary;

static bool is_listed(const obituary *list, heap_owner who)
{
	for (unsigned i = 0; i < list->count; i++)
		if (list->dead[i] == who)
			return true;
	return false;
}

static void inquire(obituary *list, heap_owner who)
{
	if (!who || who == list->alive || list->count == DEAD_MAX || is_listed(list, who))
		return;
	if (table_dead(who))
		list->dead[list->count++] = who;
	else
		list->alive = who;
}

/* Who is writing or taking at a position, or 0. */
static heap_owner owner_at(ring *r, uint64_t pos, bool *ret_taking)
{
	uint64_t word = atomic_load(&ring_slot_at(r, pos)->word);
	uint32_t state = (uint32_t)word;
	if (ring_ahead(r, pos, word) != 0 || state <= RING_SEALED)
		return 0;
	*ret_taking = state & RING_TAKING;
	return state & ~RING_TAKING;
}

/* Calls visit for each position between head and tail that somebody writes or takes. */
static void each_slot(brood_queue *q, obituary *list,
		      void (*visit)(brood_queue *, obituary *, ring *, uint64_t, heap_owner, bool))
{
	ring *r = atomic_load(&q->get_ring);
	for (; r && r != RING_LAST; r = atomic_load(&r->next)) {
		uint64_t tail = ring_count_tail(r);
		for (uint64_t pos = ring_count_head(r); pos < tail; pos++) {
			bool taking = false;
			heap_owner who = owner_at(r, pos, &taking);
			if (who)
				visit(q, list, r, pos, who, taking);
		}
	}
}

static void inquire_slot(brood_queue *q, obituary *list, ring *r, uint64_t pos, heap_owner who,
			 bool taking)
{
	(void)q, (void)r, (void)pos, (void)taking;
	inquire(list, who);
}

static void count_drop(brood_queue *q, uint64_t key)
{
	if (atomic_load(&q->dropping) != key) {
		atomic_store(&q->dropped_next, atomic_load(&q->dropped) + 1);
		atomic_store(&q->dropping, key);
	}
	atomic_store(&q->dropped, atomic_load(&q->dropped_next));
}

/* Whether a dead taker had moved the message of this key to a record. */
static bool has_record(brood_queue *q, heap_owner who, uint64_t key)
{
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
		uint64_t word = atomic_load(&w.record->word);
		if (taken_is_held(word) && taken_owner(word) == who &&
		    atomic_load(&w.record->key) == key)
			return true;
	}
	return false;
}

static void free_block_of(brood_queue *q, ring *r, uint64_t pos)
{
	ring_slot *slot = ring_slot_at(r, pos);
	void *value;
	/* Pairs with the store in put.c. */
	if (atomic_load_explicit(&slot->what, memory_order_acquire) != MESSAGE_BLOCK)
		return;
	__builtin_memcpy(&value, ring_payload(r, slot), sizeof(value));
	message_free_ours(value, ring_key(r, pos), q->self);
}

static void free_slot(ring *r, uint64_t pos)
{
	atomic_store(&ring_slot_at(r, pos)->what, MESSAGE_NOTHING);
	ring_release(r, pos);
}

static void repair_slot(brood_queue *q, obituary *list, ring *r, uint64_t pos, heap_owner who,
			bool taking)
{
	if (!is_listed(list, who))
		return;
	if (!taking) {
		free_block_of(q, r, pos);
		atomic_fetch_add(&q->abandoned, 1);
		free_slot(r, pos);
		return;
	}
	uint64_t key = ring_key(r, pos);
	bool recorded = q->joinable && has_record(q, who, key);
	if (q->redeliver && !recorded) {
		ring_give_back(r, pos);
		return;
	}
	if (!q->redeliver)
		free_block_of(q, r, pos);
	if (!recorded)
		count_drop(q, key);
	free_slot(r, pos);
}

void queue_hint_returned(brood_queue *q)
{
	uint32_t old = atomic_load(&q->returned);
	while (!atomic_compare_exchange_weak(&q->returned, &old, (old + 2) | 1))
		;
}

/* A message goes back, unless its taker was through with it, or too many have died of it. */
static void return_message(brood_queue *q, taken *record, uint64_t word)
{
	uint64_t key = atomic_load(&record->key);
	uint32_t deliveries = taken_deliveries(word) & ~TAKEN_UNSETTLED;
	bool block = record->what == MESSAGE_BLOCK;
	if (block && !message_is_ours(record->arg, key, q->self)) {
		atomic_store(&record->word, TAKEN_FREE);
		return;
	}
	if (!q->max_deliveries || deliveries < q->max_deliveries) {
		/* Before too, so that it goes first even if this process dies between. */
		queue_hint_returned(q);
		atomic_store(&record->word, taken_word(deliveries + 1, TAKEN_RETURNED));
		queue_hint_returned(q);
		atomic_fetch_add(&q->redelivered, 1);
		return;
	}
	if (block)
		message_free_ours(record->arg, key, q->self);
	count_drop(q, key);
	atomic_store(&record->word, TAKEN_FREE);
}

static void repair_records(brood_queue *q, const obituary *list)
{
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
		uint64_t word = atomic_load(&w.record->word);
		if (!is_listed(list, taken_owner(word)))
			continue;
		if (taken_is_held(word) && q->redeliver) {
			return_message(q, w.record, word);
			continue;
		}
		if (taken_is_held(word))
			count_drop(q, atomic_load(&w.record->key));
		atomic_store(&w.record->word, TAKEN_FREE);
	}
}

/* Becomes the repairer, in the place of a dead one if need be. */
static bool begin(brood_queue *q)
{
	heap_owner me = life_owner();
	uint32_t other = 0;
	if (!me)
		return false;
	if (atomic_compare_exchange_strong(&q->repairer, &other, me))
		return true;
	return other != me && table_dead(other) &&
	       atomic_compare_exchange_strong(&q->repairer, &other, me);
}

/* What some of the dead have left. Returns how many of them. */
static unsigned repair_some(brood_queue *q)
{
	obituary list = {0};
	each_slot(q, &list, inquire_slot);
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);)
		inquire(&list, taken_owner(atomic_load(&w.record->word)));
	if (list.count) {
		each_slot(q, &list, repair_slot);
		repair_records(q, &list);
	}
	return list.count;
}

bool queue_repair(brood_queue *q)
{
	if (!begin(q))
		return false;
	unsigned count = repair_some(q);
	for (unsigned more = count; more == DEAD_MAX;)
		more = repair_some(q);
	atomic_store(&q->repairer, 0);
	if (!count)
		return false;
	gate_wake_all(&q->items);
	gate_wake_all(&q->space);
	gate_wake_all(&q->done);
	bell_ring(&q->bell);
	return true;
}

bool queue_has_unfinished(brood_queue *q, heap_owner me, heap_owner *ret_busy)
{
	bool found = false;
	for (taken_walk w = taken_all(&q->pages); taken_next(&w);) {
		uint64_t word = atomic_load(&w.record->word);
		bool held = taken_is_held(word) && taken_owner(word) != me;
		found = found || held || (uint32_t)word == TAKEN_RETURNED;
		if (!held || !ret_busy)
			continue;
		*ret_busy = taken_owner(word);
		if (queue_is_dead(*ret_busy, false))
			break;
	}
	return found;
}
