/* SPDX-License-Identifier: MIT */

/*
 * The real code of queues in every order, with one death. The root comes beside the others: it
 * waits until those who put have ended, joins and closes the queue, waits for the takers,
 * and takes what is left. Then each message must have been delivered once, or dropped and
 * counted, and each put that returned must have been delivered.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "brood/queue.h"
#include "model.h"
#include "queue/queue.h"

enum { WORKERS = 3, ROOT = WORKERS, MESSAGES = 4 };

/* What the processes have seen. */
static MODEL_SHARED struct {
	brood_queue *queue;
	ring *first;
	int delivered[MESSAGES];
	bool begun[MESSAGES], returned[MESSAGES], finished[MESSAGES];
	int last_of[MODEL_PROCESSES][MESSAGES / 2]; /* taker, producer */
} shared;

typedef struct scenario {
	const char *name;
	void (*work[WORKERS])(int process);
	int before;	   /* messages that are there already */
	int producers;	   /* come first */
	unsigned immortal; /* bit i: process i is not killed */
	int early;	   /* timeouts, when one is killed */
	brood_queue_options options;
} scenario;

static const scenario *plan;
static bool killing;
static char *base; /* somewhere in the real heap, which ends with this program */

/* A message is a number, or with redelivery a pointer into the heap; producers put ascending ones,
 * 0 and 1 the first, the rest the second. */
static void put(int message)
{
	shared.begun[message] = true;
	int r = plan->options.redeliver ? brood_put_value(shared.queue, BROOD_SHARE(base + message))
					: brood_put(shared.queue, int, message);
	MODEL_CHECK(r == 0 || r == -EPIPE);
	if (r == 0)
		shared.returned[message] = true;
}

/* The message, or -1 when the queue is closed and empty. */
static int get(void)
{
	int message = 0;
	void *pointer = NULL;
	int r = plan->options.redeliver
			? brood_get_into_as(shared.queue, &brood_type_shared, &pointer)
			: brood_get_into(shared.queue, int, &message);
	MODEL_CHECK(r == 1 || r == -EPIPE);
	if (r != 1)
		return -1;
	if (plan->options.redeliver)
		message = (int)((char *)pointer - base);
	MODEL_CHECK(message >= 0 && message < MESSAGES && shared.begun[message]);
	return message;
}

static void get_all(int process)
{
	int message;
	while ((message = get()) >= 0) {
		int *last = &shared.last_of[process][message / 2];
		MODEL_CHECK(*last <= message || plan->options.redeliver);
		*last = message;
		shared.delivered[message]++;
		if (!plan->options.joinable && !plan->options.redeliver)
			continue;
		MODEL_CHECK(brood_queue_task_done(shared.queue) >= 0);
		shared.finished[message] = true;
	}
}

static void put_0_1(int process)
{
	(void)process;
	put(0);
	put(1);
}

static void put_0(int process)
{
	(void)process;
	put(0);
}

static void put_2(int process)
{
	(void)process;
	put(2);
}

static void idle(int process)
{
	(void)process;
}

static bool is_joinable(void)
{
	return plan->options.joinable || plan->options.redeliver;
}

static void be_root(void)
{
	unsigned producers = (1U << plan->producers) - 1, workers = (1U << WORKERS) - 1;
	model_await(producers);
	/* A taker that is killed may leave nobody who finishes. */
	if (is_joinable() && !killing)
		MODEL_CHECK(brood_queue_join(shared.queue) >= 0);
	brood_queue_close(shared.queue);
	model_await(workers & ~producers);
	get_all(ROOT);
	if (is_joinable())
		MODEL_CHECK(brood_queue_join(shared.queue) >= 0);
}

static void run(int process)
{
	if (process == ROOT)
		be_root();
	else
		plan->work[process](process);
}

static void make_queue(void)
{
	brood_queue *q = shared.queue = brood_queue_new_with(&plan->options);
	shared.first = q->get_ring;
	queue_learn(q, q->fingerprint, "int");
	for (int message = 0; message < plan->before; message++)
		put(message);
	if (q->joinable)
		atomic_store(&taken_claim(&q->pages, 0, q->self)->word, TAKEN_FREE);
}

static bool is_in_slot(ring *r, uintptr_t at)
{
	size_t offset = at - (uintptr_t)r->slots;
	return offset < (size_t)r->stride << r->shift && offset % r->stride != 0;
}

/* Words that do not change in these scenarios, or only while their slot has an owner. */
static bool is_quiet(const void *word)
{
	const brood_queue *q = shared.queue;
	uintptr_t at = (uintptr_t)word;
	if (at == (uintptr_t)&q->pages || at == (uintptr_t)&q->bell.listened ||
	    at - (uintptr_t)q->names < sizeof(q->names) ||
	    (!q->redeliver && at == (uintptr_t)&q->returned))
		return true;
	bool grows = q->most == UINT64_MAX;
	if (!grows && (at == (uintptr_t)&q->put_ring || at == (uintptr_t)&q->get_ring))
		return true;
	for (ring *r = shared.first; r && r != RING_LAST; r = r->next)
		if (is_in_slot(r, at))
			return true;
	return false;
}

static bool a_taker_was_killed(void)
{
	for (int i = plan->producers; i < WORKERS; i++)
		if (model_killed(i))
			return true;
	return false;
}

static void all_were_delivered(void)
{
	const brood_queue *q = shared.queue;
	size_t lost = 0, open = 0, twice = 0, dropped = q->dropped;
	for (int m = 0; m < MESSAGES; m++) {
		lost += shared.returned[m] && !shared.delivered[m];
		open += shared.delivered[m] && is_joinable() && !shared.finished[m];
		twice += shared.delivered[m] > 1;
	}
	/* A taker that was killed with the message in its hands, outside of the queue, is no
	 * drop of a queue that is not joinable. */
	size_t may_be_lost = a_taker_was_killed() && !q->redeliver;
	MODEL_CHECK(twice <= (q->redeliver ? q->redelivered : 0));
	MODEL_CHECK(lost <= may_be_lost);
	MODEL_CHECK(dropped <= may_be_lost);
	MODEL_CHECK(!q->joinable || lost <= dropped);
	MODEL_CHECK(open == 0 || a_taker_was_killed());
}

static void explore(const scenario *what)
{
	plan = what;
	model m = {.name = plan->name,
		   .processes = WORKERS + 1,
		   .immortal = plan->immortal | 1U << ROOT,
		   .setup = make_queue,
		   .run = run,
		   .check = all_were_delivered,
		   .is_quiet = is_quiet};
	killing = false;
	assert_false(model_explore(&m).failed);
	/* A sleeper may also wake by itself before who is killed would have woken it. */
	killing = true;
	m.kills = 1;
	m.early_timeouts = plan->early;
	assert_false(model_explore(&m).failed);
}

#define REDELIVER .size = sizeof(brood_queue_options), .redeliver = true
#define TYPED_INT .size = sizeof(brood_queue_options), .type = &brood_type_int

static void two_producers(void **state)
{
	(void)state;
	explore(&(scenario){.name = "two producers, one consumer, room for two",
			    .work = {put_0, put_2, get_all},
			    .producers = 2,
			    .options = {TYPED_INT, .max = 2}});
}

static void consumers(void **state)
{
	(void)state;
	explore(&(scenario){.name = "two consumers of two messages",
			    .work = {get_all, get_all, idle},
			    .before = 2,
			    .options = {TYPED_INT, .max = 2}});
}

static void joinable_consumers(void **state)
{
	(void)state;
	explore(&(scenario){.name = "two consumers of one message of a joinable queue",
			    .work = {get_all, get_all, idle},
			    .before = 1,
			    .options = {TYPED_INT, .max = 1, .joinable = true}});
}

static void room_for_one(void **state)
{
	(void)state;
	/* Without the consumer nobody would make room. */
	explore(&(scenario){.name = "one producer, one consumer, room for one",
			    .work = {put_0_1, get_all, idle},
			    .producers = 1,
			    .immortal = 1U << 1,
			    .early = 1,
			    .options = {TYPED_INT, .max = 1}});
}

static void no_bound(void **state)
{
	(void)state;
	explore(&(scenario){.name = "one producer, one consumer, rings of one, two and four",
			    .work = {put_0_1, get_all, idle},
			    .producers = 1,
			    .early = 1,
			    .options = {TYPED_INT}});
	explore(&(scenario){.name = "two producers, one consumer, rings of one and two",
			    .work = {put_0, put_2, get_all},
			    .producers = 2,
			    .options = {TYPED_INT}});
}

static void joinable(void **state)
{
	(void)state;
	explore(&(scenario){.name = "one producer, one consumer of a joinable queue",
			    .work = {put_0, get_all, idle},
			    .producers = 1,
			    .early = 1,
			    .options = {TYPED_INT, .max = 1, .joinable = true}});
}

static void redelivery(void **state)
{
	(void)state;
	base = brood_alloc(MESSAGES);
	explore(&(scenario){.name = "one producer, one consumer, with redelivery",
			    .work = {put_0, get_all, idle},
			    .producers = 1,
			    .early = 1,
			    .options = {REDELIVER, .max = 1}});
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_producers),      cmocka_unit_test(consumers),
		cmocka_unit_test(joinable_consumers), cmocka_unit_test(room_for_one),
		cmocka_unit_test(no_bound),	      cmocka_unit_test(joinable),
		cmocka_unit_test(redelivery),
	};
	/* Each by itself, so that they run side by side. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
