/* SPDX-License-Identifier: MIT */
/* Conditions: who is notified, how many, and what becomes of the notify of a dead waiter. */

#include "support.h"

#include <sched.h>

enum { WAITERS = 5 };

static void a_condition_needs_its_lock(void **state)
{
	(void)state;
	brood_condition *c = brood_condition_new();
	assert_string_equal(brood_condition_repr(c), "<Condition(<RLock(None, 0)>, 0)>");
	assert_int_equal(brood_condition_wait(c), -EPERM);
	assert_sentence("must acquire() condition");
	assert_int_equal(brood_condition_notify(c, 1), -EPERM);
	assert_sentence("not owned");
	assert_int_equal(brood_condition_release(c), -EPERM);
	assert_int_equal(brood_condition_acquire(c), 0);
	assert_int_equal(brood_condition_acquire_nowait(c), 0);
	assert_int_equal(brood_condition_acquire_timed(c, 1), 0);
	assert_int_equal(brood_condition_wait_timed(c, 0), -ETIMEDOUT);
	assert_int_equal(brood_condition_wait_timed(c, 0.001), -ETIMEDOUT);
	assert_string_equal(brood_condition_repr(c), "<Condition(<RLock(MainProcess, 3)>, 0)>");
	assert_int_equal(brood_condition_notify(c, 3), 0);
	assert_int_equal(brood_condition_notify_all(c), 0);
	assert_int_equal(brood_condition_notify(c, -1), -EINVAL);
	assert_int_equal(brood_condition_wait_timed(c, 0.001), -ETIMEDOUT);
	for (int i = 0; i < 3; i++)
		assert_int_equal(brood_condition_release(c), 0);
	assert_int_equal(brood_condition_release(c), -EPERM);
	assert_int_equal(brood_condition_free(c), 0);
	assert_int_equal(brood_condition_free(NULL), 0);
	assert_int_equal(brood_condition_acquire(NULL), -EINVAL);
	assert_int_equal(brood_condition_release(NULL), -EINVAL);
	assert_int_equal(brood_condition_wait(NULL), -EINVAL);
	assert_int_equal(brood_condition_notify_all(NULL), -EINVAL);
	assert_string_equal(brood_condition_repr(NULL), "(null)");
}

static void a_lock_may_be_given(void **state)
{
	(void)state;
	brood_lock *lock = brood_lock_new();
	brood_rlock *rlock = brood_rlock_new();
	assert_null(brood_condition_new(.lock = lock, .rlock = rlock));
	assert_null(brood_condition_new(.lock = (brood_lock *)rlock));
	brood_event *event = brood_event_new();
	assert_int_equal(brood_lock_acquire((brood_lock *)event), -EINVAL);
	assert_sentence("is no lock but an event");
	brood_event_free(event);
	brood_condition *c = brood_condition_new(.lock = lock);
	assert_int_equal(brood_condition_notify(c, 1), -EPERM);
	assert_int_equal(brood_lock_acquire(lock), 0);
	assert_int_equal(brood_condition_notify(c, 1), 0);
	assert_int_equal(brood_condition_wait_timed(c, 0.001), -ETIMEDOUT);
	assert_string_equal(brood_condition_repr(c), "<Condition(<Lock(owner=MainProcess)>, 0)>");
	assert_int_equal(brood_condition_release(c), 0);
	assert_false(brood_lock_locked(lock));
	brood_condition_free(c);
	c = brood_condition_new(.rlock = rlock);
	BROOD_WITH(c)
	assert_true(brood_rlock_locked(rlock));
	assert_false(brood_rlock_locked(rlock));
	brood_rlock_free(rlock);
	assert_int_equal(brood_condition_acquire(c), -EINVAL);
	brood_condition_free(c);
	brood_lock_free(lock);
}

/* Held twice, so that all of it must be let go. */
static void wait_once(void *argument)
{
	stage *s = argument;
	brood_must(brood_condition_acquire(s->object));
	brood_must(brood_condition_acquire(s->object));
	say(&s->arrived);
	brood_must(brood_condition_wait(s->object));
	enter(s);
	say(&s->told);
	leave(s);
	brood_must(brood_condition_release(s->object));
	brood_must(brood_condition_release(s->object));
}

static void start_waiters(stage *s, brood_process **all, int count)
{
	for (int i = 0; i < count; i++) {
		all[i] = start(wait_once, s);
		/* One after another: they are to be notified in this order. */
		await(&s->arrived, (uint32_t)i + 1);
		brood_must(brood_condition_acquire(s->object));
		brood_must(brood_condition_release(s->object));
	}
}

static void notify(stage *s, int n, int expected)
{
	assert_int_equal(brood_condition_acquire(s->object), 0);
	assert_int_equal(brood_condition_notify(s->object, n), expected);
	assert_int_equal(brood_condition_release(s->object), 0);
}

static void so_many_are_notified_in_their_order(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	brood_process *all[WAITERS];
	start_waiters(s, all, WAITERS);
	assert_string_equal(brood_condition_repr(s->object), "<Condition(<RLock(None, 0)>, 5)>");
	notify(s, 1, 1);
	join_and_free(all[0]);
	assert_int_equal(s->told, 1);
	notify(s, 2, 2);
	join_and_free(all[1]);
	join_and_free(all[2]);
	assert_int_equal(s->told, 3);
	assert_int_equal(brood_condition_acquire(s->object), 0);
	assert_int_equal(brood_condition_notify_all(s->object), WAITERS - 3);
	assert_int_equal(brood_condition_notify_all(s->object), 0);
	assert_int_equal(brood_condition_release(s->object), 0);
	join_and_free(all[3]);
	join_and_free(all[4]);
	assert_int_equal(s->most, 1);
	brood_condition_free(s->object);
	brood_free(s);
}

static void a_dead_waiter_is_passed_over(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	brood_process *all[2];
	start_waiters(s, all, 2);
	kill_and_free(all[0]);
	assert_string_equal(brood_condition_repr(s->object), "<Condition(<RLock(None, 0)>, 1)>");
	notify(s, 1, 1);
	join_and_free(all[1]);
	notify(s, 1, 0);
	brood_condition_free(s->object);
	brood_free(s);
}

static void a_notify_that_a_waiter_died_with_goes_to_another(void **state)
{
	(void)state;
	for (int again = 0; again < 2; again++) {
		stage *s = stage_new(brood_condition_new());
		brood_process *all[2];
		start_waiters(s, all, 2);
		assert_int_equal(brood_process_signal(all[0], SIGSTOP), 0);
		notify(s, 1, 1);
		kill_and_free(all[0]);
		if (again) /* the next notifier finds it, else the other waiter does */
			notify(s, 0, 0);
		join_and_free(all[1]);
		brood_condition_free(s->object);
		brood_free(s);
	}
}

/* All that waited were notified, and died: whoever comes later is not. */
static void a_notify_does_not_outlive_its_time(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	brood_process *all[WAITERS];
	start_waiters(s, all, WAITERS);
	assert_int_equal(brood_condition_acquire(s->object), 0);
	assert_int_equal(brood_condition_notify_all(s->object), WAITERS);
	for (int i = 0; i < WAITERS; i++)
		kill_and_free(all[i]);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(brood_condition_wait_timed(s->object, 0.01), -ETIMEDOUT);
	brood_condition_release(s->object);
	brood_condition_free(s->object);
	brood_free(s);
}

static void wait_until_it_has_looked(void *argument)
{
	stage *s = argument;
	brood_must(brood_condition_acquire(s->object));
	say(&s->arrived);
	s->result[0] = brood_condition_wait_timed(s->object, 1.2);
	brood_must(brood_condition_release(s->object));
}

/* Also when it waits before the one that was notified has died. */
static void who_came_later_does_not_inherit_a_notify(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	brood_process *first;
	start_waiters(s, &first, 1);
	assert_int_equal(brood_process_signal(first, SIGSTOP), 0);
	notify(s, 1, 1);
	brood_process *late = start(wait_until_it_has_looked, s);
	await(&s->arrived, 2);
	notify(s, 0, 0); /* it waits */
	kill_and_free(first);
	join_and_free(late);
	assert_int_equal(s->result[0], -ETIMEDOUT);
	brood_condition_free(s->object);
	brood_free(s);
}

static void wait_timed(void *argument)
{
	stage *s = argument;
	brood_must(brood_condition_acquire(s->object));
	s->result[0] = brood_condition_wait_timed(s->object, 0.001);
	brood_must(brood_condition_release(s->object));
}

static void who_ran_out_of_time_takes_no_notify(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	join_and_free(start(wait_timed, s));
	assert_int_equal(s->result[0], -ETIMEDOUT);
	brood_process *waiter;
	start_waiters(s, &waiter, 1);
	notify(s, 1, 1);
	join_and_free(waiter);
	brood_condition_free(s->object);
	brood_free(s);
}

static bool is_told(void *argument)
{
	stage *s = argument;
	return atomic_load(&s->told) >= 3;
}

static void wait_until_told(void *argument)
{
	stage *s = argument;
	brood_must(brood_condition_acquire(s->object));
	s->result[0] = brood_condition_wait_for_timed(s->object, is_told, s, 0.001);
	s->result[1] = brood_condition_wait_for(s->object, NULL, s);
	say(&s->arrived);
	s->result[2] = brood_condition_wait_for(s->object, is_told, s);
	s->result[3] = is_told(s);
	s->result[4] = brood_condition_wait_for_timed(s->object, is_told, s, 0);
	brood_must(brood_condition_release(s->object));
}

static void a_predicate_is_waited_for(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	brood_process *p = start(wait_until_told, s);
	await(&s->arrived, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(brood_condition_acquire(s->object), 0);
		s->told++;
		brood_condition_notify(s->object, 1);
		assert_int_equal(brood_condition_release(s->object), 0);
	}
	join_and_free(p);
	assert_int_equal(s->result[0], -ETIMEDOUT);
	assert_int_equal(s->result[1], -EINVAL);
	assert_int_equal(s->result[2], 0);
	assert_true(s->result[3]);
	assert_int_equal(s->result[4], 0);
	brood_condition_free(s->object);
	brood_free(s);
}

static void notify_and_pause(void *argument)
{
	stage *s = argument;
	brood_must(brood_condition_acquire(s->object));
	brood_condition_notify(s->object, 1);
	say(&s->told);
	pause_for_ever();
}

static void wait_and_tell(void *argument)
{
	stage *s = argument;
	brood_must(brood_condition_acquire(s->object));
	say(&s->arrived);
	s->result[0] = brood_condition_wait(s->object);
	s->result[1] = brood_condition_release(s->object);
}

static void a_waiter_is_told_that_the_lock_s_holder_died(void **state)
{
	(void)state;
	stage *s = stage_new(brood_condition_new());
	brood_process *waiter = start(wait_and_tell, s);
	await(&s->arrived, 1);
	brood_process *notifier = start(notify_and_pause, s);
	await(&s->told, 1);
	kill_and_free(notifier);
	join_and_free(waiter);
	assert_int_equal(s->result[0], BROOD_OWNER_DIED);
	assert_int_equal(s->result[1], 0);
	brood_condition_free(s->object);
	brood_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_condition_needs_its_lock),
		TEST(a_lock_may_be_given),
		TEST(so_many_are_notified_in_their_order),
		TEST(a_dead_waiter_is_passed_over),
		TEST(a_notify_that_a_waiter_died_with_goes_to_another),
		TEST(a_notify_does_not_outlive_its_time),
		TEST(who_came_later_does_not_inherit_a_notify),
		TEST(who_ran_out_of_time_takes_no_notify),
		TEST(a_predicate_is_waited_for),
		TEST(a_waiter_is_told_that_the_lock_s_holder_died),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
