/* SPDX-License-Identifier: MIT */

#include "operations.h"

/* Makes the object, under test and then certainly. */
#define NEW(p, ...)                                  \
	do {                                         \
		if (!((p) = TRY_NEW(__VA_ARGS__)))   \
			expect(((p) = __VA_ARGS__)); \
	} while (0)

/* A call that may fail once, and then must not. */
#define CERTAINLY(...)                              \
	do {                                        \
		if (TRY(__VA_ARGS__) < 0)           \
			expect((__VA_ARGS__) >= 0); \
	} while (0)

static char text[200];

static void locks(void)
{
	brood_lock *lock;
	NEW(lock, brood_lock_new());
	CERTAINLY(brood_lock_acquire(lock));
	expect(TRY_ANY(brood_lock_locked(lock)));
	expect(TRY(brood_lock_acquire_nowait(lock)) < 0);
	expect(TRY(brood_lock_acquire_timed(lock, 0.001)) < 0);
	expect(TRY(brood_lock_format(lock, text, sizeof(text))) > 0);
	CERTAINLY(brood_lock_release(lock));
	void *held = TRY_ANY(brood_with_begin(lock));
	TRY_VOID(brood_with_end(&held));
	CERTAINLY(brood_lock_free(lock));
}

static void rlocks(void)
{
	brood_rlock *lock;
	NEW(lock, brood_rlock_new());
	CERTAINLY(brood_rlock_acquire(lock));
	CERTAINLY(brood_rlock_acquire_nowait(lock));
	CERTAINLY(brood_rlock_acquire_timed(lock, 0.001));
	expect(TRY_ANY(brood_rlock_locked(lock)));
	expect(TRY(brood_rlock_format(lock, text, sizeof(text))) > 0);
	for (int i = 0; i < 3; i++)
		CERTAINLY(brood_rlock_release(lock));
	CERTAINLY(brood_rlock_free(lock));
}

static void semaphores(void)
{
	brood_semaphore *semaphore;
	NEW(semaphore, brood_semaphore_new(3));
	CERTAINLY(brood_semaphore_acquire(semaphore));
	CERTAINLY(brood_semaphore_acquire_timed(semaphore, 0.001));
	CERTAINLY(brood_semaphore_acquire_nowait(semaphore));
	expect(TRY(brood_semaphore_acquire_timed(semaphore, 0.001)) < 0);
	CERTAINLY(brood_semaphore_release(semaphore));
	expect(TRY(brood_semaphore_value(semaphore)) == 1);
	expect(TRY(brood_semaphore_format(semaphore, text, sizeof(text))) > 0);
	CERTAINLY(brood_semaphore_release(semaphore));
	CERTAINLY(brood_semaphore_release(semaphore));
	CERTAINLY(brood_semaphore_free(semaphore));
}

static void events(void)
{
	brood_event *event;
	NEW(event, brood_event_new());
	expect(TRY(brood_event_wait_timed(event, 0.001)) < 0);
	CERTAINLY(brood_event_set(event));
	expect(TRY_ANY(brood_event_is_set(event)));
	CERTAINLY(brood_event_wait(event));
	CERTAINLY(brood_event_clear(event));
	expect(TRY(brood_event_format(event, text, sizeof(text))) > 0);
	CERTAINLY(brood_event_free(event));
}

static bool yes(void *arg)
{
	(void)arg;
	return true;
}

static bool notified;

static bool is_notified(void *arg)
{
	bool before = notified;
	notified = true;
	brood_condition_notify(arg, 1);
	return before;
}

static void conditions(void)
{
	brood_condition *condition;
	NEW(condition, brood_condition_new());
	CERTAINLY(brood_condition_acquire(condition));
	CERTAINLY(brood_condition_acquire_nowait(condition));
	CERTAINLY(brood_condition_acquire_timed(condition, 0.001));
	CERTAINLY(brood_condition_notify(condition, 1));
	CERTAINLY(brood_condition_notify_all(condition));
	expect(TRY(brood_condition_wait_timed(condition, 0.001)) < 0);
	CERTAINLY(brood_condition_wait_for(condition, yes, NULL));
	notified = false;
	TRY(brood_condition_wait_for_timed(condition, is_notified, condition, 0.001));
	expect(TRY(brood_condition_format(condition, text, sizeof(text))) > 0);
	for (int i = 0; i < 3; i++)
		CERTAINLY(brood_condition_release(condition));
	MADE(brood_condition_wait(condition)); /* as wait_timed(), and for ever */
	CERTAINLY(brood_condition_free(condition));
}

static void barriers(void)
{
	brood_barrier *barrier;
	NEW(barrier, brood_barrier_new(1));
	if (TRY(brood_barrier_wait(barrier)) < 0)
		expect(brood_barrier_reset(barrier) == 0);
	TRY(brood_barrier_wait_timed(barrier, 1));
	expect(TRY(brood_barrier_parties(barrier)) == 1);
	expect(TRY(brood_barrier_waiting(barrier)) == 0);
	expect(TRY(brood_barrier_dead(barrier)) == 0);
	expect(TRY(brood_barrier_format(barrier, text, sizeof(text))) > 0);
	CERTAINLY(brood_barrier_abort(barrier));
	expect(TRY_ANY(brood_barrier_broken(barrier)));
	CERTAINLY(brood_barrier_reset(barrier));
	CERTAINLY(brood_barrier_free(barrier));
}

static void shared(void)
{
	int *number, *copy;
	NEW(number, brood_shared_new(int, 5));
	NEW(copy, brood_shared_copy(number));
	expect(*copy == 5 && TRY_ANY(brood_shared_count(copy)) == 1);
	expect(TRY_NEW(brood_shared_lock(copy)));
	CERTAINLY(brood_shared_free(copy));
	expect(brood_shared_free(number) == 0);
}

static const operation table[] = {
	{.name = "sync lock", .run = locks},	       {.name = "sync rlock", .run = rlocks},
	{.name = "sync semaphore", .run = semaphores}, {.name = "sync event", .run = events},
	{.name = "sync condition", .run = conditions}, {.name = "sync barrier", .run = barriers},
	{.name = "sync shared", .run = shared},
};
const operations sync_operations = OPERATIONS(table);
