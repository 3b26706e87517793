/* SPDX-License-Identifier: MIT */
/* Locks and rlocks between processes, and what is left when one dies. */

#include "support.h"

enum { PROCESSES = 4, ROUNDS = 2000, MANY = 5000 };

static void a_lock_is_taken_once(void **state)
{
	(void)state;
	brood_lock *lock = brood_lock_new();
	assert_false(brood_lock_locked(lock));
	assert_string_equal(brood_lock_repr(lock), "<Lock(owner=None)>");
	assert_int_equal(brood_lock_acquire(lock), 0);
	assert_true(brood_lock_locked(lock));
	assert_string_equal(brood_lock_repr(lock), "<Lock(owner=MainProcess)>");
	assert_int_equal(brood_lock_acquire_nowait(lock), -ETIMEDOUT);
	assert_int_equal(brood_lock_acquire_timed(lock, -1), -ETIMEDOUT);
	assert_int_equal(brood_lock_acquire_timed(lock, 0.001), -ETIMEDOUT);
	assert_sentence("held");
	assert_int_equal(brood_lock_release(lock), 0);
	assert_int_equal(brood_lock_acquire_timed(lock, 0), 0);
	assert_int_equal(brood_lock_release(lock), 0);
	assert_int_equal(brood_lock_release(lock), -EINVAL);
	assert_sentence("released too many times");
	assert_int_equal(brood_lock_free(lock), 0);
}

static void wrong_pointers_are_errors(void **state)
{
	(void)state;
	int private = 0;
	brood_lock *lock = brood_lock_new();
	brood_rlock *rlock = brood_rlock_new();
	assert_int_equal(brood_lock_acquire((brood_lock *)&private), -EINVAL);
	assert_int_equal(brood_lock_acquire((brood_lock *)rlock), -EINVAL);
	assert_sentence("no lock but a rlock");
	assert_int_equal(brood_rlock_release((brood_rlock *)lock), -EINVAL);
	assert_int_equal(brood_lock_acquire((brood_lock *)((char *)lock + 8)), -EINVAL);
	assert_int_equal(brood_lock_acquire((brood_lock *)((char *)lock + 1)), -EINVAL);
	assert_sentence("brood_lock_new()");
	assert_int_equal(brood_lock_acquire_timed(lock, __builtin_nan("")), -EINVAL);
	brood_rlock_free(rlock);
	brood_lock_free(lock);
	assert_int_equal(brood_lock_acquire(lock), -EINVAL);
	assert_sentence("has been freed");
	assert_int_equal(brood_lock_free(lock), -EINVAL);
	assert_int_equal(brood_lock_free(NULL), 0);
	assert_int_equal(brood_rlock_free(NULL), 0);
	assert_int_equal(brood_lock_acquire(NULL), -EINVAL);
	assert_int_equal(brood_lock_acquire_nowait(NULL), -EINVAL);
	assert_int_equal(brood_lock_release(NULL), -EINVAL);
	assert_int_equal(brood_rlock_acquire(NULL), -EINVAL);
	assert_int_equal(brood_rlock_release(NULL), -EINVAL);
	assert_false(brood_lock_locked(NULL));
	assert_false(brood_rlock_locked(NULL));
	assert_null(brood_lock_new_with(NULL));
	assert_null(brood_rlock_new_with(&(brood_lock_options){.size = 1}));
	assert_string_equal(brood_lock_repr(NULL), "(null)");
	assert_string_equal(brood_rlock_repr(NULL), "(null)");
}

static void count_up(void *argument)
{
	stage *s = argument;
	for (int i = 0; i < ROUNDS; i++) {
		brood_must(brood_lock_acquire(s->object));
		enter(s);
		leave(s);
		brood_must(brood_lock_release(s->object));
	}
}

static void one_process_is_inside_at_a_time(void **state)
{
	(void)state;
	stage *s = stage_new(brood_lock_new());
	brood_process *all[PROCESSES];
	for (int i = 0; i < PROCESSES; i++)
		all[i] = start(count_up, s);
	for (int i = 0; i < PROCESSES; i++)
		join_and_free(all[i]);
	assert_int_equal(s->most, 1);
	assert_string_equal(brood_lock_repr(s->object), "<Lock(owner=None)>");
	brood_lock_free(s->object);
	brood_free(s);
}

static void take_and_pause(void *argument)
{
	stage *s = argument;
	s->result[0] = brood_lock_acquire(s->object);
	say(&s->arrived);
	pause_for_ever();
}

static void another_process_may_release(void **state)
{
	(void)state;
	stage *s = stage_new(brood_lock_new());
	brood_process *p = start(take_and_pause, s);
	await(&s->arrived, 1);
	assert_string_equal(brood_lock_repr(s->object), "<Lock(owner=SomeOtherProcess)>");
	assert_int_equal(brood_lock_release(s->object), 0);
	assert_int_equal(brood_lock_acquire(s->object), 0);
	assert_int_equal(brood_lock_release(s->object), 0);
	kill_and_free(p);
	brood_lock_free(s->object);
	brood_free(s);
}

static void a_dead_holder_is_told_to_the_next(void **state)
{
	(void)state;
	stage *s = stage_new(brood_lock_new());
	brood_process *p = start(take_and_pause, s);
	await(&s->arrived, 1);
	assert_int_equal(brood_lock_acquire_nowait(s->object), -ETIMEDOUT);
	kill_and_free(p);
	assert_int_equal(brood_lock_release(s->object), -EPERM);
	assert_sentence("holder has died");
	assert_int_equal(brood_lock_acquire_nowait(s->object), BROOD_OWNER_DIED);
	assert_string_equal(brood_lock_repr(s->object), "<Lock(owner=MainProcess)>");
	assert_int_equal(brood_lock_release(s->object), 0);
	assert_int_equal(brood_lock_acquire(s->object), 0);
	assert_int_equal(brood_lock_release(s->object), 0);
	brood_lock_free(s->object);
	brood_free(s);
}

/* Takes it once it can, and tells how. */
static void wait_in_line(void *argument)
{
	stage *s = argument;
	uint32_t number = atomic_fetch_add(&s->told, 1);
	say(&s->arrived);
	s->result[number] = brood_lock_acquire(s->object) + 1;
	if (s->result[number] > 0)
		brood_must(brood_lock_release(s->object));
}

static void a_death_wakes_who_waits(void **state)
{
	(void)state;
	for (int waiters = 1; waiters <= PROCESSES; waiters++) {
		stage *s = stage_new(brood_lock_new());
		brood_process *holder = start(take_and_pause, s), *all[PROCESSES];
		await(&s->arrived, 1);
		for (int i = 0; i < waiters; i++)
			all[i] = start(wait_in_line, s);
		await(&s->arrived, 1 + (uint32_t)waiters);
		kill_and_free(holder);
		int told = 0;
		for (int i = 0; i < waiters; i++)
			join_and_free(all[i]);
		for (int i = 0; i < waiters; i++)
			told += s->result[i] == BROOD_OWNER_DIED + 1;
		assert_int_equal(told, 1);
		brood_lock_free(s->object);
		brood_free(s);
	}
}

static void a_poisoned_lock_is_nobodys(void **state)
{
	(void)state;
	stage *s = stage_new(brood_lock_new(.poison = true));
	brood_process *holder = start(take_and_pause, s), *all[2];
	await(&s->arrived, 1);
	for (int i = 0; i < 2; i++)
		all[i] = start(wait_in_line, s);
	await(&s->arrived, 3);
	kill_and_free(holder);
	for (int i = 0; i < 2; i++)
		join_and_free(all[i]);
	assert_int_equal(s->result[0], -ENOTRECOVERABLE + 1);
	assert_int_equal(s->result[1], -ENOTRECOVERABLE + 1);
	assert_int_equal(brood_lock_acquire(s->object), -ENOTRECOVERABLE);
	assert_sentence("poisoned");
	assert_int_equal(brood_lock_acquire_nowait(s->object), -ENOTRECOVERABLE);
	assert_int_equal(brood_lock_release(s->object), -ENOTRECOVERABLE);
	assert_string_equal(brood_lock_repr(s->object), "<Lock(owner=poisoned)>");
	brood_lock_free(s->object);
	brood_free(s);
}

static void a_release_does_not_save_from_poison(void **state)
{
	(void)state;
	stage *s = stage_new(brood_lock_new(.poison = true));
	brood_process *holder = start(take_and_pause, s);
	await(&s->arrived, 1);
	kill_and_free(holder);
	assert_int_equal(brood_lock_release(s->object), -ENOTRECOVERABLE);
	assert_int_equal(brood_lock_acquire(s->object), -ENOTRECOVERABLE);
	brood_lock_free(s->object);
	brood_free(s);
}

static brood_lock **locks;

static void take_many(void *argument)
{
	stage *s = argument;
	brood_lock **all = s->object;
	for (int i = 0; i < MANY; i++)
		brood_must(brood_lock_acquire(all[i]));
	say(&s->arrived);
	pause_for_ever();
}

static void a_process_may_hold_thousands(void **state)
{
	(void)state;
	locks = brood_calloc(MANY, sizeof(*locks));
	for (int i = 0; i < MANY; i++)
		locks[i] = brood_lock_new();
	stage *s = stage_new(locks);
	brood_process *p = start(take_many, s);
	await(&s->arrived, 1);
	kill_and_free(p);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(brood_lock_acquire_nowait(locks[i]), BROOD_OWNER_DIED);
		brood_lock_free(locks[i]);
	}
	brood_free(locks);
	brood_free(s);
}

static void *from_another_thread(void *argument)
{
	brood_rlock *rlock = argument;
	assert_int_equal(brood_rlock_acquire_nowait(rlock), -ETIMEDOUT);
	assert_int_equal(brood_rlock_release(rlock), -EPERM);
	assert_sentence("not owned by thread");
	assert_string_equal(brood_rlock_repr(rlock), "<RLock(SomeOtherThread, nonzero)>");
	return NULL;
}

static void *hold_in_a_thread(void *argument)
{
	brood_rlock *rlock = argument;
	assert_int_equal(brood_rlock_acquire(rlock), 0);
	assert_non_null(strstr(brood_rlock_repr(rlock), "<RLock(MainProcess|Thread-"));
	assert_int_equal(brood_rlock_release(rlock), 0);
	return NULL;
}

static void an_rlock_counts_for_its_thread(void **state)
{
	(void)state;
	pthread_t thread;
	brood_rlock *rlock = brood_rlock_new();
	assert_string_equal(brood_rlock_repr(rlock), "<RLock(None, 0)>");
	assert_int_equal(brood_rlock_release(rlock), -EPERM);
	assert_int_equal(brood_rlock_acquire(rlock), 0);
	assert_int_equal(brood_rlock_acquire_nowait(rlock), 0);
	assert_string_equal(brood_rlock_repr(rlock), "<RLock(MainProcess, 2)>");
	pthread_create(&thread, NULL, from_another_thread, rlock);
	pthread_join(thread, NULL);
	assert_int_equal(brood_rlock_release(rlock), 0);
	assert_true(brood_rlock_locked(rlock));
	assert_int_equal(brood_rlock_release(rlock), 0);
	assert_false(brood_rlock_locked(rlock));
	assert_int_equal(brood_rlock_release(rlock), -EPERM);
	pthread_create(&thread, NULL, hold_in_a_thread, rlock);
	pthread_join(thread, NULL);
	brood_rlock_free(rlock);
}

static void look_at_rlock(void *argument)
{
	stage *s = argument;
	s->result[0] = brood_rlock_release(s->object);
	s->result[1] = brood_rlock_acquire_timed(s->object, 0.001);
	s->result[2] = strcmp(brood_rlock_repr(s->object), "<RLock(SomeOtherProcess, nonzero)>");
}

static void a_child_does_not_own_its_parents_rlock(void **state)
{
	(void)state;
	stage *s = stage_new(brood_rlock_new());
	assert_int_equal(brood_rlock_acquire(s->object), 0);
	join_and_free(start(look_at_rlock, s));
	assert_int_equal(s->result[0], -EPERM);
	assert_int_equal(s->result[1], -ETIMEDOUT);
	assert_int_equal(s->result[2], 0);
	assert_int_equal(brood_rlock_release(s->object), 0);
	brood_rlock_free(s->object);
	brood_free(s);
}

static void take_twice_and_pause(void *argument)
{
	stage *s = argument;
	brood_must(brood_rlock_acquire(s->object));
	brood_must(brood_rlock_acquire(s->object));
	say(&s->arrived);
	pause_for_ever();
}

static void a_dead_holders_rlock_is_held_once(void **state)
{
	(void)state;
	stage *s = stage_new(brood_rlock_new());
	brood_process *p = start(take_twice_and_pause, s);
	await(&s->arrived, 1);
	kill_and_free(p);
	assert_int_equal(brood_rlock_acquire(s->object), BROOD_OWNER_DIED);
	assert_string_equal(brood_rlock_repr(s->object), "<RLock(MainProcess, 1)>");
	assert_int_equal(brood_rlock_release(s->object), 0);
	assert_int_equal(brood_rlock_acquire(s->object), 0);
	assert_int_equal(brood_rlock_release(s->object), 0);
	brood_rlock_free(s->object);
	brood_free(s);
}

static int return_from_inside(brood_lock *lock)
{
	BROOD_WITH(lock)
	{
		assert_true(brood_lock_locked(lock));
		return 1;
	}
	return 0;
}

static void a_scope_is_left_in_any_way(void **state)
{
	(void)state;
	brood_lock *lock = brood_lock_new();
	brood_rlock *rlock = brood_rlock_new();
	int entered = 0;
	BROOD_WITH(lock)
	BROOD_WITH(rlock)
	{
		entered++;
		assert_true(brood_lock_locked(lock) && brood_rlock_locked(rlock));
	}
	assert_false(brood_lock_locked(lock) || brood_rlock_locked(rlock));
	assert_int_equal(return_from_inside(lock), 1);
	assert_false(brood_lock_locked(lock));
	BROOD_WITH(lock)
	break;
	assert_false(brood_lock_locked(lock));
	BROOD_WITH(NULL)
	entered++;
	assert_int_equal(entered, 1);
	brood_lock_free(lock);
	brood_rlock_free(rlock);
}

static void interrupt(int signal)
{
	(void)signal;
	brood_interrupt();
}

static void wait_until_interrupted(void *argument)
{
	stage *s = argument;
	struct sigaction action = {.sa_handler = interrupt};
	sigaction(SIGUSR1, &action, NULL);
	brood_event *event = brood_event_new();
	brood_condition *condition = brood_condition_new();
	brood_barrier *barrier = brood_barrier_new(2);
	brood_semaphore *semaphore = brood_semaphore_new(0);
	raise(SIGUSR1);
	s->result[0] = brood_lock_acquire_nowait(s->object);
	s->result[1] = brood_lock_acquire(s->object);
	raise(SIGUSR1);
	s->result[2] = brood_event_wait(event);
	raise(SIGUSR1);
	s->result[3] = brood_semaphore_acquire(semaphore);
	raise(SIGUSR1);
	s->result[4] = brood_barrier_wait(barrier);
	brood_condition_acquire(condition);
	raise(SIGUSR1);
	s->result[5] = brood_condition_wait(condition);
	s->result[6] = brood_condition_release(condition);
	brood_event_free(event);
	brood_semaphore_free(semaphore);
	brood_barrier_free(barrier);
	brood_condition_free(condition);
	say(&s->arrived);
	s->result[7] = brood_lock_acquire(s->object);
}

static void a_wait_can_be_interrupted(void **state)
{
	(void)state;
	stage *s = stage_new(brood_lock_new());
	assert_int_equal(brood_lock_acquire(s->object), 0);
	brood_process *p = start(wait_until_interrupted, s);
	await(&s->arrived, 1);
	assert_int_equal(brood_process_signal(p, SIGUSR1), 0); /* before or in its sleep */
	join_and_free(p);
	assert_int_equal(s->result[0], -ETIMEDOUT);
	for (int i = 1; i < 6; i++)
		assert_int_equal(s->result[i], -EINTR);
	assert_int_equal(s->result[6], 0);
	assert_int_equal(s->result[7], -EINTR);
	brood_lock_release(s->object);
	brood_lock_free(s->object);
	brood_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_lock_is_taken_once),
		TEST(wrong_pointers_are_errors),
		TEST(one_process_is_inside_at_a_time),
		TEST(another_process_may_release),
		TEST(a_dead_holder_is_told_to_the_next),
		TEST(a_death_wakes_who_waits),
		TEST(a_poisoned_lock_is_nobodys),
		TEST(a_release_does_not_save_from_poison),
		TEST(a_process_may_hold_thousands),
		TEST(an_rlock_counts_for_its_thread),
		TEST(a_child_does_not_own_its_parents_rlock),
		TEST(a_dead_holders_rlock_is_held_once),
		TEST(a_scope_is_left_in_any_way),
		TEST(a_wait_can_be_interrupted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
