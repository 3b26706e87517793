/* SPDX-License-Identifier: MIT */

/*
 * Producers and consumers that are killed at random instructions, and every message accounted
 * for. Each message has a place in a ledger, outside the queue: begun before it is put, put when
 * that has returned, seen (counted) when it was got, finished after task_done.
 *
 * Of what was put, each is seen once, but for what the queue counts as dropped or what
 * a killed consumer had got and not yet entered; of what was only begun, at most one for each
 * killed producer. With redelivery each is seen at least once and none is dropped.
 *
 * QUEUE_KILLS in the environment sets how many are killed for each kind of queue.
 */

#include "../process/harness.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PRODUCERS = 3, CONSUMERS = 3, MESSAGES = 1 << 18, KILLS = 60, BACKLOG = 5000 };

typedef struct {
	_Atomic uint8_t begun, put, seen, finished;
} entry;

typedef struct {
	_Atomic uint32_t next[PRODUCERS];
	_Atomic uint32_t
		allowed; /* of its messages, for a producer: so that it is there until the end */
	_Atomic uint32_t disorder;
	_Atomic uint32_t damage;
	_Atomic bool stop;
	entry entries[PRODUCERS][MESSAGES];
} ledger;

/* Some are small enough for a slot, some are not. */
typedef struct {
	int producer;
	unsigned number;
	const char *text;
} message;
BROOD_TYPE(message, producer, number, text);

typedef struct {
	int producer;
	unsigned number;
} small_message;
BROOD_TYPE(small_message, producer, number);

typedef struct {
	brood_queue *q;
	ledger *book;
	int number;
	bool joinable, redeliver, small;
} job;
BROOD_TYPE(job, q, BROOD_SHARED(book), number, joinable, redeliver, small);

static const char text[] = "long enough not to travel inside of a slot of the queue, surely";

static void produce(void *arg)
{
	const job *j = arg;
	ledger *book = j->book;
	while (!book->stop) {
		uint32_t n = atomic_fetch_add(&book->next[j->number], 1);
		if (n >= MESSAGES)
			return;
		/* What is queued is all to be taken in the end. */
		while ((n >= book->allowed || (n % 64 == 0 && brood_queue_size(j->q) > BACKLOG)) &&
		       !book->stop)
			brood_sleep(0.001);
		entry *e = &book->entries[j->number][n];
		e->begun = 1;
		int r = j->small ? brood_put(j->q, small_message, j->number, n)
				 : brood_put(j->q, message, j->number, n, n % 2 ? text : NULL);
		if (r < 0)
			brood_must(r);
		e->put = 1;
	}
}

static bool get(const job *j, int *producer, unsigned *number, void **ret)
{
	*ret = NULL;
	if (j->small) {
		small_message s;
		if (brood_get_into(j->q, small_message, &s) != 1)
			return false;
		*producer = s.producer;
		*number = s.number;
		return true;
	}
	message *m = brood_get(j->q, message);
	if (!m)
		return false;
	*producer = m->producer;
	*number = m->number;
	if (m->number % 2 ? !m->text || strcmp(m->text, text) != 0 : m->text != NULL)
		j->book->damage++;
	*ret = m;
	return true;
}

static void consume(void *arg)
{
	const job *j = arg;
	unsigned last[PRODUCERS] = {0};
	int producer;
	unsigned number;
	void *got;
	while (get(j, &producer, &number, &got)) {
		entry *e = &j->book->entries[producer][number];
		e->seen++;
		if (number + 1 <= last[producer] && !j->redeliver)
			j->book->disorder++;
		last[producer] = number + 1;
		if (j->joinable)
			brood_queue_task_done(j->q);
		e->finished = 1;
		brood_free(got);
	}
	if (errno != EPIPE)
		brood_must(-1);
}

static brood_process *start(job *j, int i)
{
	j->number = i % PRODUCERS;
	return brood_must(brood_start(.target = i < PRODUCERS ? produce : consume,
				      .args = BROOD_POINTED(job, j)));
}

static int kills_wanted(void)
{
	const char *wanted = getenv("QUEUE_KILLS");
	return wanted ? atoi(wanted) : KILLS;
}

/* A moment that is different each time: kills are to come anywhere. */
static void a_moment(unsigned *seed)
{
	nanosleep(&(struct timespec){.tv_nsec = rand_r(seed) % 1500000}, NULL);
}

typedef struct {
	unsigned producers, consumers;
} killed;

static killed kill_at_random(job *j)
{
	brood_process *p[PRODUCERS + CONSUMERS];
	killed count = {0};
	unsigned seed = (unsigned)time(NULL);
	print_message("seed %u\n", seed);
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++)
		p[i] = start(j, i);
	int kills = kills_wanted();
	for (int k = 0; k < kills; k++) {
		j->book->allowed =
			(uint32_t)((uint64_t)MESSAGES * (uint64_t)(k + 1) / (uint64_t)kills);
		int i = rand_r(&seed) % (PRODUCERS + CONSUMERS);
		a_moment(&seed);
		brood_process_kill(p[i]);
		brood_process_join(p[i]);
		bool was_killed = brood_process_exitcode(p[i]) == -9;
		count.producers += was_killed && i < PRODUCERS;
		count.consumers += was_killed && i >= PRODUCERS;
		if (!was_killed)
			assert_int_equal(brood_process_exitcode(p[i]), 0);
		brood_process_free(p[i]);
		p[i] = start(j, i);
	}
	j->book->stop = true;
	for (int i = 0; i < PRODUCERS; i++) {
		assert_int_equal(brood_process_join_timed(p[i], 20), 0);
		assert_int_equal(brood_process_exitcode(p[i]), 0);
		brood_process_free(p[i]);
	}
	if (j->joinable)
		assert_int_equal(brood_queue_join_timed(j->q, 20), 0);
	brood_queue_close(j->q);
	for (int i = PRODUCERS; i < PRODUCERS + CONSUMERS; i++) {
		assert_int_equal(brood_process_join_timed(p[i], 20), 0);
		assert_int_equal(brood_process_exitcode(p[i]), 0);
		brood_process_free(p[i]);
	}
	return count;
}

static void account(const job *j, killed count)
{
	unsigned put = 0, unseen = 0, twice = 0, open = 0, half = 0;
	brood_queue_stats is;
	assert_int_equal(brood_queue_stats_get(j->q, &is), 0);
	for (int p = 0; p < PRODUCERS; p++) {
		for (unsigned n = 0; n < MESSAGES && n < j->book->next[p]; n++) {
			const entry *e = &j->book->entries[p][n];
			put += e->put;
			unseen += e->put && !e->seen;
			twice += e->seen > 1;
			open += e->seen && !e->finished;
			half += e->seen && !e->put;
		}
	}
	print_message("%u put, %u producers and %u consumers killed: %u unseen, %u twice, %u not "
		      "finished; %zu dropped, %zu redelivered, %zu abandoned\n",
		      put, count.producers, count.consumers, unseen, twice, open, is.dropped,
		      is.redelivered, is.abandoned);
	assert_int_equal(is.queued, 0);
	assert_int_equal(is.unfinished, 0);
	assert_int_equal(j->book->damage, 0);
	assert_int_equal(j->book->disorder, 0);
	assert_true(put > 0);
	assert_true(half <= count.producers);
	assert_true(is.abandoned <= count.producers);
	if (j->redeliver) {
		assert_int_equal(unseen, 0);
		assert_int_equal(is.dropped, 0);
		assert_true(twice <= is.redelivered && is.redelivered <= count.consumers);
		return;
	}
	assert_int_equal(twice, 0);
	assert_true(is.dropped <= count.consumers);
	if (j->joinable) {
		assert_true(unseen <= is.dropped);
		/* A message that was put, but whose producer was killed before it could say so. */
		assert_true(is.dropped <= unseen + open + count.producers);
	} else {
		assert_true(unseen <= count.consumers);
	}
}

static void run(brood_queue *q, bool joinable, bool redeliver, bool small)
{
	ledger *book = brood_must(brood_calloc(1, sizeof(*book)));
	job j = {brood_must(q), book, 0, joinable, redeliver, small};
	account(&j, kill_at_random(&j));
	assert_int_equal(brood_queue_free(q), 0);
	brood_free(book);
}

static void a_bounded_queue(void **state)
{
	(void)state;
	run(brood_queue_new(.max = 5), false, false, false);
}

static void a_typed_queue(void **state)
{
	(void)state;
	run(brood_queue_of(small_message, .max = 100), false, false, true);
}

static void an_unbounded_queue(void **state)
{
	(void)state;
	run(brood_queue_new(), false, false, false);
}

static void a_joinable_queue(void **state)
{
	(void)state;
	run(brood_queue_new(.max = 20, .joinable = true), true, false, false);
}

static void a_joinable_queue_of_small_ones(void **state)
{
	(void)state;
	run(brood_queue_of(small_message, .max = 7, .joinable = true), true, false, true);
}

static void a_queue_that_redelivers(void **state)
{
	(void)state;
	run(brood_queue_new(.max = 20, .redeliver = true), true, true, false);
}

static void a_queue_that_redelivers_small_ones(void **state)
{
	(void)state;
	run(brood_queue_of(small_message, .max = 20, .redeliver = true), true, true, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_bounded_queue),
		TEST(a_typed_queue),
		TEST(an_unbounded_queue),
		TEST(a_joinable_queue),
		TEST(a_joinable_queue_of_small_ones),
		TEST(a_queue_that_redelivers),
		TEST(a_queue_that_redelivers_small_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
