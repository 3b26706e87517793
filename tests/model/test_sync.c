/* SPDX-License-Identifier: MIT */
/* The real code of locks, semaphores, events and conditions in every order, with one death. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "brood/sync.h"
#include "model.h"

static MODEL_SHARED struct {
	void *object;
	_Atomic int inside;
	_Atomic int ready;
	int died; /* how often BROOD_OWNER_DIED was told */
	int told;
	int came; /* to wait */
	bool notified;
	bool excused; /* a waiter may be left */
} shared;

/* Everything twice: timeouts end when nothing else helps, and two at any time. */
static size_t explore(model m)
{
	model_result r = model_explore(&m);
	assert_false(r.failed);
	m.early_timeouts = 2;
	assert_false(model_explore(&m).failed);
	return r.stalls;
}

static void make_lock(void)
{
	shared.object = brood_lock_new();
}

static void use_lock(int process)
{
	(void)process;
	int r = brood_lock_acquire(shared.object);
	MODEL_CHECK(r >= 0);
	if (r == BROOD_OWNER_DIED) {
		shared.died++;
		atomic_store(&shared.inside, 0);
	}
	MODEL_CHECK(atomic_fetch_add(&shared.inside, 1) == 0);
	MODEL_CHECK(atomic_fetch_sub(&shared.inside, 1) == 1);
	MODEL_CHECK(brood_lock_release(shared.object) == 0);
}

static void lock_can_be_had(void)
{
	int r = brood_lock_acquire_nowait(shared.object);
	MODEL_CHECK(r >= 0);
	MODEL_CHECK(shared.died + (r == BROOD_OWNER_DIED) <= 1);
}

static void a_lock_has_one_holder(void **state)
{
	(void)state;
	model m = {.setup = make_lock, .run = use_lock, .check = lock_can_be_had};
	m.processes = 2;
	m.name = "lock, two processes";
	explore(m);
	m.kills = 1;
	m.name = "lock, two processes, one killed";
	/* A single waiter is woken by the death itself. */
	assert_int_equal(explore(m), 0);
	m.processes = 3;
	m.name = "lock, three processes, one killed";
	explore(m);
}

static void make_poisonous_lock(void)
{
	shared.object = brood_lock_new(.poison = true);
}

static void use_poisonous_lock(int process)
{
	(void)process;
	int r = brood_lock_acquire(shared.object);
	MODEL_CHECK(r == 0 || r == -ENOTRECOVERABLE);
	if (r < 0)
		return;
	MODEL_CHECK(atomic_fetch_add(&shared.inside, 1) == 0);
	MODEL_CHECK(atomic_fetch_sub(&shared.inside, 1) == 1);
	MODEL_CHECK(brood_lock_release(shared.object) == 0);
}

static void a_poisoned_lock_keeps_nobody_waiting(void **state)
{
	(void)state;
	explore((model){.name = "poison, three processes, one killed",
			.processes = 3,
			.kills = 1,
			.setup = make_poisonous_lock,
			.run = use_poisonous_lock});
}

/* The first takes it, the second lets it go for it, the third waits for it. */
static void hand_over(int process)
{
	if (process == 1) {
		brood_lock_release(shared.object);
		return;
	}
	MODEL_CHECK(brood_lock_acquire(shared.object) >= 0);
}

static void make_held_lock(void)
{
	shared.object = brood_lock_new();
	brood_lock_acquire(shared.object);
}

static void a_release_by_another_wakes(void **state)
{
	(void)state;
	explore((model){.name = "a lock released by another that is killed",
			.processes = 2,
			.kills = 1,
			.setup = make_held_lock,
			.run = hand_over,
			.immortal = 2});
}

static void make_rlock(void)
{
	shared.object = brood_rlock_new();
}

static void use_rlock(int process)
{
	(void)process;
	int r = brood_rlock_acquire(shared.object);
	MODEL_CHECK(r >= 0);
	if (r == BROOD_OWNER_DIED)
		atomic_store(&shared.inside, 0);
	MODEL_CHECK(brood_rlock_acquire_nowait(shared.object) == 0);
	MODEL_CHECK(brood_rlock_release(shared.object) == 0);
	MODEL_CHECK(atomic_fetch_add(&shared.inside, 1) == 0);
	MODEL_CHECK(atomic_fetch_sub(&shared.inside, 1) == 1);
	MODEL_CHECK(brood_rlock_release(shared.object) == 0);
	MODEL_CHECK(brood_rlock_release(shared.object) == -EPERM);
}

static void rlock_can_be_had(void)
{
	MODEL_CHECK(brood_rlock_acquire_nowait(shared.object) >= 0);
}

static void an_rlock_has_one_holder(void **state)
{
	(void)state;
	explore((model){.name = "rlock, two processes, one killed",
			.processes = 2,
			.kills = 1,
			.setup = make_rlock,
			.run = use_rlock,
			.check = rlock_can_be_had});
}

static void make_semaphore(void)
{
	shared.object = brood_semaphore_new(1);
}

static void use_semaphore(int process)
{
	(void)process;
	MODEL_CHECK(brood_semaphore_acquire(shared.object) == 0);
	MODEL_CHECK(brood_semaphore_release(shared.object) == 0);
}

static void units_are_back(void)
{
	MODEL_CHECK(brood_semaphore_value(shared.object) == 1);
}

static void units_come_back(void **state)
{
	(void)state;
	model m = {.setup = make_semaphore, .run = use_semaphore, .check = units_are_back};
	m.processes = 2;
	m.name = "semaphore, two processes";
	explore(m);
	m.kills = 1;
	m.name = "semaphore, two processes, one killed";
	explore(m);
	m.processes = 3;
	m.name = "semaphore, three processes, one killed";
	explore(m);
}

static void make_signals(void)
{
	shared.object = brood_semaphore_new(0, .signal = true);
}

static void signal_two(int process)
{
	if (process < 2) {
		MODEL_CHECK(brood_semaphore_acquire(shared.object) == 0);
		return;
	}
	brood_semaphore_release(shared.object);
	brood_semaphore_release(shared.object);
}

static void signals_are_not_lost(void **state)
{
	(void)state;
	explore((model){.name = "signals to two processes",
			.processes = 3,
			.setup = make_signals,
			.run = signal_two});
	explore((model){.name = "signals to two processes, one of them killed",
			.processes = 3,
			.kills = 1,
			.immortal = 4,
			.setup = make_signals,
			.run = signal_two});
}

static void make_event(void)
{
	shared.object = brood_event_new();
}

static void set_event(int process)
{
	if (process < 2) {
		MODEL_CHECK(brood_event_wait(shared.object) == 0);
		return;
	}
	MODEL_CHECK(brood_event_set(shared.object) == 0);
	MODEL_CHECK(brood_event_clear(shared.object) == 0);
	MODEL_CHECK(brood_event_set(shared.object) == 0);
}

/* Once the one has begun to wait, the shortest pulse must reach it. */
static void pulse_event(int process)
{
	if (process == 0) {
		MODEL_CHECK(brood_event_wait(shared.object) == 0);
		return;
	}
	bool awaited = ((const uint32_t *)shared.object)[2] & 2;
	MODEL_CHECK(brood_event_set(shared.object) == 0);
	if (awaited)
		MODEL_CHECK(brood_event_clear(shared.object) == 0);
}

static void an_event_wakes_all(void **state)
{
	(void)state;
	model m = {.processes = 3, .setup = make_event, .run = set_event, .immortal = 4};
	m.name = "event, two waiters";
	assert_int_equal(explore(m), 0);
	m.kills = 1;
	m.name = "event, two waiters, one killed";
	assert_int_equal(explore(m), 0);
	m = (model){.processes = 2, .setup = make_event, .run = pulse_event};
	m.name = "event, a pulse";
	assert_int_equal(explore(m), 0);
}

static void make_condition(void)
{
	shared.object = brood_condition_new();
}

/* Two wait for `ready`, which the third gives to both, one notify each. */
static void use_condition(int process)
{
	int r = brood_condition_acquire(shared.object);
	MODEL_CHECK(r >= 0);
	if (process < 2) {
		while (atomic_load(&shared.ready) == 0)
			MODEL_CHECK(brood_condition_wait(shared.object) >= 0);
		atomic_fetch_sub(&shared.ready, 1);
	} else {
		atomic_fetch_add(&shared.ready, 1);
		MODEL_CHECK(brood_condition_notify(shared.object, 1) >= 0);
		atomic_fetch_add(&shared.ready, 1);
		MODEL_CHECK(brood_condition_notify(shared.object, 1) >= 0);
	}
	MODEL_CHECK(brood_condition_release(shared.object) == 0);
}

/* One notify for two: it reaches one of them that lives, and nobody who came after it. */
static void notify_one(int process)
{
	MODEL_CHECK(brood_condition_acquire(shared.object) >= 0);
	if (process < 2) {
		bool late = shared.notified;
		shared.came++;
		int r = brood_condition_wait(shared.object);
		MODEL_CHECK(r >= 0 && (r == BROOD_OWNER_DIED || !late));
		/* Killed before this it was not told; after it, the notify was its own. */
		shared.told++;
	} else {
		shared.excused = shared.came < 2;
		MODEL_CHECK(brood_condition_notify(shared.object, 1) >= 0);
		shared.notified = true;
	}
	brood_condition_release(shared.object);
}

static bool was_told(void)
{
	return shared.told || shared.excused;
}

static void a_notify_is_not_lost(void **state)
{
	(void)state;
	model m = {.processes = 3, .setup = make_condition, .run = use_condition};
	m.name = "condition, two waiters";
	explore(m);
	m.kills = 1;
	m.immortal = 4;
	m.name = "condition, two waiters, one killed";
	explore(m);
	m.run = notify_one;
	m.may_sleep = was_told;
	m.lost_wakes_are_allowed = true; /* who was not notified wakes every second, in vain */
	m.name = "condition, one notify for two waiters, one killed";
	explore(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lock_has_one_holder),
		cmocka_unit_test(a_poisoned_lock_keeps_nobody_waiting),
		cmocka_unit_test(a_release_by_another_wakes),
		cmocka_unit_test(an_rlock_has_one_holder),
		cmocka_unit_test(units_come_back),
		cmocka_unit_test(signals_are_not_lost),
		cmocka_unit_test(an_event_wakes_all),
		cmocka_unit_test(a_notify_is_not_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
