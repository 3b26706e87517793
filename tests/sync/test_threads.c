/* SPDX-License-Identifier: MIT */
/* The same by threads, so that ThreadSanitizer sees what is ordered by what. */

#include "support.h"

enum { THREADS = 4, ROUNDS = 5000 };

static void *object;
static int plain; /* not atomic: the object alone keeps its changes apart */

static void *count_up(void *unused)
{
	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		BROOD_WITH(object)
	plain++;
	return NULL;
}

static void keeps_apart(void *made)
{
	pthread_t threads[THREADS];
	object = made;
	plain = 0;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, count_up, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(plain, THREADS * ROUNDS);
}

static void threads_are_kept_apart(void **state)
{
	(void)state;
	brood_lock *lock = brood_lock_new();
	brood_rlock *rlock = brood_rlock_new();
	brood_semaphore *held = brood_semaphore_new(1);
	brood_semaphore *counted = brood_semaphore_new(1, .signal = true);
	brood_condition *condition = brood_condition_new();
	keeps_apart(lock);
	keeps_apart(rlock);
	keeps_apart(held);
	keeps_apart(counted);
	keeps_apart(condition);
	brood_lock_free(lock);
	brood_rlock_free(rlock);
	brood_semaphore_free(held);
	brood_semaphore_free(counted);
	brood_condition_free(condition);
}

static void *use_without_the_lock(void *condition)
{
	assert_int_equal(brood_condition_notify(condition, 1), -EPERM);
	assert_int_equal(brood_condition_wait_timed(condition, 0), -EPERM);
	return NULL;
}

static void a_condition_is_for_the_thread_that_holds_its_lock(void **state)
{
	(void)state;
	pthread_t thread;
	brood_lock *lock = brood_lock_new();
	brood_condition *condition = brood_condition_new(.lock = lock);
	assert_int_equal(brood_condition_acquire(condition), 0);
	pthread_create(&thread, NULL, use_without_the_lock, condition);
	pthread_join(thread, NULL);
	assert_true(brood_lock_locked(lock));
	assert_int_equal(brood_condition_notify(condition, 1), 0);
	assert_int_equal(brood_condition_wait_timed(condition, 0), -ETIMEDOUT);
	assert_int_equal(brood_condition_release(condition), 0);
	assert_int_equal(brood_condition_notify(condition, 1), -EPERM);
	brood_condition_free(condition);
	brood_lock_free(lock);
}

static void *wait_for_event(void *event)
{
	assert_int_equal(brood_event_wait(event), 0);
	assert_int_equal(plain, 42);
	return NULL;
}

static void a_set_publishes_what_came_before(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	brood_event *event = brood_event_new();
	plain = 0;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, wait_for_event, event);
	plain = 42;
	brood_event_set(event);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	brood_event_free(event);
}

static int turns[THREADS];

static void *take_turns(void *barrier)
{
	for (int i = 0; i < 200; i++) {
		int index = brood_barrier_wait(barrier);
		assert_in_range(index, 0, THREADS - 1);
		turns[index]++; /* another thread's in each round */
		assert_true(brood_barrier_wait(barrier) >= 0);
	}
	return NULL;
}

static void a_barrier_orders_its_rounds(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	brood_barrier *barrier = brood_barrier_new(THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, take_turns, barrier);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(turns[i], 200);
	brood_barrier_free(barrier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(threads_are_kept_apart),
		TEST(a_condition_is_for_the_thread_that_holds_its_lock),
		TEST(a_set_publishes_what_came_before),
		TEST(a_barrier_orders_its_rounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
