/* SPDX-License-Identifier: MIT */
/* The same algorithms run by threads, which ThreadSanitizer can watch. */

#include "../process/harness.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 3, EACH = 3000 };

typedef struct {
	int producer, number;
} item;
BROOD_TYPE(item, producer, number);

static brood_queue *q;
static bool joinable;
static _Atomic int taken, disorder;

static void *produce(void *arg)
{
	int producer = (int)(intptr_t)arg;
	for (int i = 0; i < EACH; i++)
		brood_must(brood_put(q, item, producer, i));
	return NULL;
}

static void *consume(void *arg)
{
	int last[THREADS] = {-1, -1, -1};
	(void)arg;
	for (item *one; (one = brood_get(q, item)); brood_free(one)) {
		disorder += one->number <= last[one->producer];
		last[one->producer] = one->number;
		taken++;
		if (joinable)
			brood_must(brood_queue_task_done(q));
	}
	return NULL;
}

static void run(brood_queue *with, bool is_joinable)
{
	pthread_t threads[2 * THREADS];
	q = brood_must(with);
	joinable = is_joinable;
	taken = disorder = 0;
	/* The thread that stays is the one by whose end the process's is known. */
	brood_get_nowait(q, item);
	for (int i = 0; i < 2 * THREADS; i++)
		pthread_create(&threads[i], NULL, i < THREADS ? produce : consume,
			       (void *)(intptr_t)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	if (joinable)
		assert_int_equal(brood_queue_join(q), 0);
	brood_queue_close(q);
	for (int i = THREADS; i < 2 * THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(taken, THREADS * EACH);
	assert_int_equal(disorder, 0);
	brood_queue_free(q);
}

static void threads_share_a_queue(void **state)
{
	(void)state;
	run(brood_queue_of(item, .max = 4), false);
	run(brood_queue_of(item), false);
	run(brood_queue_new(.max = 16), false);
	run(brood_queue_of(item, .max = 4, .joinable = true), true);
	run(brood_queue_new(.redeliver = true), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_share_a_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
