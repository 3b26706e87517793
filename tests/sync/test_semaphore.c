/* SPDX-License-Identifier: MIT */
/* Semaphores: units that processes hold, and units that are only counted. */

#include "support.h"

enum { PROCESSES = 6, ROUNDS = 500, UNITS = 3 };

static void units_are_counted(void **state)
{
	(void)state;
	brood_semaphore *s = brood_semaphore_new(2);
	assert_string_equal(brood_semaphore_repr(s), "<Semaphore(value=2)>");
	assert_int_equal(brood_semaphore_acquire(s), 0);
	assert_int_equal(brood_semaphore_acquire_nowait(s), 0);
	assert_int_equal(brood_semaphore_value(s), 0);
	assert_int_equal(brood_semaphore_acquire_nowait(s), -ETIMEDOUT);
	assert_int_equal(brood_semaphore_acquire_timed(s, 0.001), -ETIMEDOUT);
	assert_int_equal(brood_semaphore_release(s), 0);
	assert_int_equal(brood_semaphore_value(s), 1);
	assert_int_equal(brood_semaphore_release(s), 0);
	for (int i = 3; i < 200; i++) {
		assert_int_equal(brood_semaphore_release(s), 0);
		assert_int_equal(brood_semaphore_value(s), i);
	}
	for (int i = 199; i > 0; i--)
		assert_int_equal(brood_semaphore_acquire_nowait(s), 0);
	assert_int_equal(brood_semaphore_acquire_nowait(s), -ETIMEDOUT);
	brood_semaphore_free(s);
}

static void a_bounded_one_is_never_fuller(void **state)
{
	(void)state;
	brood_semaphore *s = brood_bounded_semaphore_new(2);
	assert_int_equal(brood_semaphore_release(s), -EINVAL);
	assert_sentence("released too many times");
	assert_int_equal(brood_semaphore_acquire(s), 0);
	assert_string_equal(brood_semaphore_repr(s), "<BoundedSemaphore(value=1, maxvalue=2)>");
	assert_int_equal(brood_semaphore_release(s), 0);
	assert_int_equal(brood_semaphore_release(s), -EINVAL);
	brood_semaphore_free(s);
	s = brood_bounded_semaphore_new(1, .signal = true);
	assert_int_equal(brood_semaphore_release(s), -EINVAL);
	brood_semaphore_free(s);
}

static void values_have_limits(void **state)
{
	(void)state;
	assert_null(brood_semaphore_new(-1));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_semaphore_new(1000001));
	assert_int_equal(errno, EOVERFLOW);
	assert_sentence(".signal");
	brood_semaphore *s = brood_semaphore_new(BROOD_SEMAPHORE_MAX, .signal = true);
	assert_int_equal(brood_semaphore_value(s), BROOD_SEMAPHORE_MAX);
	assert_int_equal(brood_semaphore_release(s), -EOVERFLOW);
	brood_semaphore_free(s);
	s = brood_semaphore_new(0);
	assert_int_equal(brood_semaphore_value(s), 0);
	assert_int_equal(brood_semaphore_acquire_nowait(s), -ETIMEDOUT);
	brood_semaphore_free(s);
	assert_int_equal(brood_semaphore_acquire(NULL), -EINVAL);
	assert_int_equal(brood_semaphore_release(NULL), -EINVAL);
	assert_int_equal(brood_semaphore_value(NULL), -EINVAL);
	assert_string_equal(brood_semaphore_repr(NULL), "(null)");
	assert_null(brood_semaphore_new_with(NULL));
}

static void pass_through(void *argument)
{
	stage *s = argument;
	for (int i = 0; i < ROUNDS; i++) {
		BROOD_WITH(s->object)
		{
			enter(s);
			if (i % 50 == 0)
				brood_sleep(0.0005);
			leave(s);
		}
	}
}

static void at_most_so_many_are_inside(void **state)
{
	(void)state;
	stage *s = stage_new(brood_semaphore_new(UNITS));
	brood_process *all[PROCESSES];
	for (int i = 0; i < PROCESSES; i++)
		all[i] = start(pass_through, s);
	for (int i = 0; i < PROCESSES; i++)
		join_and_free(all[i]);
	assert_in_range(s->most, 2, UNITS);
	assert_int_equal(brood_semaphore_value(s->object), UNITS);
	brood_semaphore_free(s->object);
	brood_free(s);
}

static void take_two_and_pause(void *argument)
{
	stage *s = argument;
	brood_must(brood_semaphore_acquire(s->object));
	brood_must(brood_semaphore_acquire(s->object));
	say(&s->arrived);
	pause_for_ever();
}

static void take_one(void *argument)
{
	stage *s = argument;
	say(&s->arrived);
	brood_must(brood_semaphore_acquire(s->object));
	say(&s->told);
	brood_must(brood_semaphore_release(s->object));
}

static void a_dead_holders_units_come_back(void **state)
{
	(void)state;
	stage *s = stage_new(brood_semaphore_new(UNITS));
	brood_process *p = start(take_two_and_pause, s);
	await(&s->arrived, 1);
	assert_int_equal(brood_semaphore_value(s->object), 1);
	assert_int_equal(brood_semaphore_acquire(s->object), 0);
	brood_process *waiters[] = {start(take_one, s), start(take_one, s)};
	await(&s->arrived, 3);
	assert_int_equal(s->told, 0);
	kill_and_free(p);
	join_and_free(waiters[0]);
	join_and_free(waiters[1]);
	assert_int_equal(brood_semaphore_value(s->object), 2);
	assert_int_equal(brood_semaphore_release(s->object), 0);
	assert_int_equal(brood_semaphore_value(s->object), UNITS);
	brood_semaphore_free(s->object);
	brood_free(s);
}

static void release_one(void *argument)
{
	stage *s = argument;
	s->result[0] = brood_semaphore_release(s->object);
	s->result[1] = brood_semaphore_release(s->object);
}

static void anybody_may_give_a_unit_back(void **state)
{
	(void)state;
	stage *s = stage_new(brood_bounded_semaphore_new(1));
	assert_int_equal(brood_semaphore_acquire(s->object), 0);
	join_and_free(start(release_one, s));
	assert_int_equal(s->result[0], 0);
	assert_int_equal(s->result[1], -EINVAL);
	assert_int_equal(brood_semaphore_value(s->object), 1);
	brood_semaphore_free(s->object);
	brood_free(s);
}

static void take_and_die(void *argument)
{
	stage *s = argument;
	brood_must(brood_semaphore_acquire(s->object));
	raise(SIGKILL);
}

static void the_units_of_the_dead_are_free_already(void **state)
{
	(void)state;
	for (int bounded = 0; bounded < 2; bounded++) {
		stage *s = stage_new(bounded ? brood_bounded_semaphore_new(1)
					     : brood_semaphore_new(1));
		brood_process *p = start(take_and_die, s);
		assert_int_equal(brood_process_join(p), 0);
		brood_process_free(p);
		assert_int_equal(brood_semaphore_release(s->object), bounded ? -EINVAL : 0);
		assert_int_equal(brood_semaphore_value(s->object), bounded ? 1 : 2);
		brood_semaphore_free(s->object);
		brood_free(s);
	}
}

static void consume(void *argument)
{
	stage *s = argument;
	for (int i = 0; i < ROUNDS; i++)
		brood_must(brood_semaphore_acquire(s->object));
	say(&s->arrived);
}

static void signals_reach_who_waits(void **state)
{
	(void)state;
	stage *s = stage_new(brood_semaphore_new(0, .signal = true));
	brood_process *all[2] = {start(consume, s), start(consume, s)};
	for (int i = 0; i < 2 * ROUNDS; i++)
		assert_int_equal(brood_semaphore_release(s->object), 0);
	join_and_free(all[0]);
	join_and_free(all[1]);
	assert_int_equal(brood_semaphore_value(s->object), 0);
	brood_semaphore_free(s->object);
	brood_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(units_are_counted),
		TEST(a_bounded_one_is_never_fuller),
		TEST(values_have_limits),
		TEST(at_most_so_many_are_inside),
		TEST(a_dead_holders_units_come_back),
		TEST(anybody_may_give_a_unit_back),
		TEST(the_units_of_the_dead_are_free_already),
		TEST(signals_reach_who_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
