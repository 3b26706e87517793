/* SPDX-License-Identifier: MIT */
/* Shared values and arrays. */

#include "support.h"

enum { PROCESSES = 3, ROUNDS = 1000 };

typedef struct point {
	int x, y;
} point;

static void values_are_made_as_written(void **state)
{
	(void)state;
	int *zero = brood_shared_new(int, 0);
	int *seven = brood_shared_new(int, 7);
	point *origin = brood_shared_new(point, {0});
	point *p = brood_shared_new(point, {.y = 2});
	double *sums = brood_array_new(double, 1000);
	short *primes = brood_array_of(short, 2, 3, 5);
	signed char *cut = brood_shared_new(signed char, (signed char)300);
	assert_int_equal(*zero, 0);
	assert_int_equal(*seven, 7);
	assert_true(origin->x == 0 && origin->y == 0);
	assert_true(p->x == 0 && p->y == 2);
	for (int i = 0; i < 1000; i++)
		assert_true(sums[i] == 0);
	assert_int_equal(primes[0] * 100 + primes[1] * 10 + primes[2], 235);
	assert_int_equal(*cut, 44);
	assert_int_equal(brood_shared_count(zero), 1);
	assert_int_equal(brood_shared_count(sums), 1000);
	assert_int_equal(brood_shared_count(primes), 3);
	short *copy = brood_shared_copy(primes);
	copy[0] = 7;
	assert_int_equal(primes[0] * 100 + copy[0], 207);
	assert_int_equal(brood_shared_count(copy), 3);
	void *all[] = {zero, seven, origin, p, sums, primes, cut, copy};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_int_equal(brood_shared_free(all[i]), 0);
	assert_int_equal(brood_shared_free(zero), -EINVAL);
}

static void wrong_values_are_errors(void **state)
{
	(void)state;
	int private[64] = {0};
	assert_null(brood_array_new(int, 0));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_array_new(int, SIZE_MAX / 2));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(brood_shared_count(&private[32]), 0);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_shared_count(NULL), 0);
	assert_null(brood_shared_lock(NULL));
	assert_null(brood_shared_copy(NULL));
	assert_int_equal(brood_shared_free(NULL), 0);
	int *n = brood_shared_new(int, 0);
	assert_int_equal(brood_rlock_free(brood_shared_lock(n)), -EINVAL);
	assert_sentence("part of another object");
	assert_int_equal(brood_shared_free(n + 16), -EINVAL);
	brood_shared_free(n);
}

static void add(void *argument)
{
	int *n = argument;
	for (int i = 0; i < ROUNDS; i++)
		BROOD_WITH(brood_shared_lock(n))
	++*n;
}

static void its_lock_makes_changes_whole(void **state)
{
	(void)state;
	int *n = brood_shared_new(int, 5);
	brood_process *all[PROCESSES];
	for (int i = 0; i < PROCESSES; i++)
		all[i] = brood_start(.target = add, .args = BROOD_SHARE(n));
	for (int i = 0; i < PROCESSES; i++)
		join_and_free(all[i]);
	assert_int_equal(*n, 5 + PROCESSES * ROUNDS);
	brood_shared_free(n);
}

static void hold_and_pause(void *argument)
{
	_Atomic int *n = argument;
	brood_must(brood_rlock_acquire(brood_shared_lock((void *)argument)));
	atomic_store(n, 1);
	pause_for_ever();
}

static void a_dead_changer_is_told(void **state)
{
	(void)state;
	_Atomic int *n = brood_shared_new(_Atomic int, 0);
	void *value = (void *)(uintptr_t)n;
	brood_process *p = brood_start(.target = hold_and_pause, .args = BROOD_SHARE(value));
	while (!*n)
		brood_sleep(0.0005);
	kill_and_free(p);
	assert_int_equal(brood_rlock_acquire(brood_shared_lock(value)), BROOD_OWNER_DIED);
	assert_int_equal(brood_rlock_release(brood_shared_lock(value)), 0);
	brood_shared_free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(values_are_made_as_written),
		TEST(wrong_values_are_errors),
		TEST(its_lock_makes_changes_whole),
		TEST(a_dead_changer_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
