/* SPDX-License-Identifier: MIT */
/* Threads of one process, which share its account and its chunks, pass blocks round. */

#include "support.h"

#include "heap/life.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 4, PLACES = 64, ROUNDS = 30000 };

static _Atomic(uint64_t *) places[PLACES];
static _Atomic int faults;

static void *pass_round(void *argument)
{
	uint64_t random = (uintptr_t)argument * 2 + 1;
	for (int i = 0; i < ROUNDS; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		uint64_t kind = random >> 60;
		size_t size = kind == 0 ? 70000 : kind < 4 ? 16384 : 16 + (random >> 32) % 200;
		uint64_t *block = brood_alloc(size);
		if (!block) {
			faults++;
			continue;
		}
		block[0] = block[1] = random;
		uint64_t *other = atomic_exchange(&places[(random >> 40) % PLACES], block);
		if (other && (other[0] != other[1] || brood_free(other) < 0))
			faults++;
	}
	return NULL;
}

static void blocks_pass_between_threads(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pass_round, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < PLACES; i++)
		brood_free(places[i]);
	assert_int_equal(faults, 0);
}

/* Each of them may find that the thread registered before has ended, and register itself; nothing
 * else orders them. */
static void *register_anew(void *argument)
{
	(void)argument;
	if (!life_owner())
		faults++;
	return NULL;
}

static void threads_register_one_after_another(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	for (int round = 0; round < 500; round++) {
		for (int i = 0; i < THREADS; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, register_anew, NULL), 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
	}
	assert_int_equal(faults, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(blocks_pass_between_threads, heap_is_empty),
		cmocka_unit_test_teardown(threads_register_one_after_another, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
