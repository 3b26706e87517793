/* SPDX-License-Identifier: MIT */

/*
 * Users of a lock, a semaphore, a condition and an event, killed at random instants; the others
 * go on, and at the end everything can be had. KILLS sets how many, SEED the instants.
 */

#include "support.h"

#include "base/clock.h"

/* Where a worker is to be found: inside the lock for a few microseconds, asleep now and then. */
enum { WORKERS = 4, UNITS = 2, KILLS = 60, INSIDE = 2000, OFTEN = 32 };

/* Two words that are equal whenever nobody is inside; a death may leave them unequal. */
typedef struct bank {
	brood_lock *lock;
	brood_rlock *rlock;
	brood_semaphore *semaphore;
	brood_condition *condition;
	brood_event *event;
	_Atomic uint64_t debit, credit;
	_Atomic uint64_t done, repaired;
	_Atomic int wrong;
} bank;

static void book(bank *b)
{
	int r = brood_lock_acquire(b->lock);
	if (r == BROOD_OWNER_DIED) {
		b->repaired++;
		atomic_store(&b->credit, atomic_load(&b->debit));
	}
	if (r < 0 || atomic_load(&b->credit) != atomic_load(&b->debit))
		b->wrong++;
	b->debit++;
	for (volatile int i = 0; i < INSIDE; i++)
		;
	b->credit++;
	if (brood_lock_release(b->lock) < 0)
		b->wrong++;
}

static void pass(bank *b)
{
	if (brood_semaphore_acquire(b->semaphore) < 0 || brood_semaphore_release(b->semaphore) < 0)
		b->wrong++;
	if (brood_rlock_acquire(b->rlock) < 0 || brood_rlock_acquire(b->rlock) < 0 ||
	    brood_rlock_release(b->rlock) < 0 || brood_rlock_release(b->rlock) < 0)
		b->wrong++;
}

static void meet(bank *b, uint64_t round)
{
	if (brood_condition_acquire(b->condition) < 0)
		b->wrong++;
	if (round % 2)
		brood_condition_notify(b->condition, 1);
	else
		brood_condition_wait_timed(b->condition, 0.0002);
	if (brood_condition_release(b->condition) < 0)
		b->wrong++;
	if (round % 3 == 0)
		brood_event_set(b->event);
	else if (round % 3 == 1)
		brood_event_clear(b->event);
	else
		brood_event_wait_timed(b->event, 0.0002);
}

static void work(void *argument)
{
	bank *b = argument;
	for (uint64_t round = 0;; round++) {
		book(b);
		pass(b);
		if (round % OFTEN == 0)
			meet(b, round / OFTEN);
		atomic_fetch_add(&b->done, 1);
	}
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	return text ? strtoull(text, NULL, 0) : otherwise;
}

static uint64_t next(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

static bank *bank_new(void)
{
	bank *b = brood_calloc(1, sizeof(*b));
	b->lock = brood_lock_new();
	b->rlock = brood_rlock_new();
	b->semaphore = brood_semaphore_new(UNITS);
	b->condition = brood_condition_new();
	b->event = brood_event_new();
	return b;
}

static void bank_free(bank *b)
{
	brood_lock_free(b->lock);
	brood_rlock_free(b->rlock);
	brood_semaphore_free(b->semaphore);
	brood_condition_free(b->condition);
	brood_event_free(b->event);
	brood_free(b);
}

/* Until somebody has got round since: that nobody does is what this test is about. */
static void await_progress(const bank *b)
{
	uint64_t before = atomic_load(&b->done);
	while (atomic_load(&b->done) < before + 2)
		brood_sleep(0.0002);
}

static void the_living_go_on(void **state)
{
	(void)state;
	uint64_t kills = number("KILLS", KILLS);
	uint64_t random = number("SEED", (uint64_t)clock_now() | 1);
	print_message("KILLS=%llu SEED=%llu\n", (unsigned long long)kills,
		      (unsigned long long)random);
	bank *b = bank_new();
	brood_process *workers[WORKERS];
	for (int i = 0; i < WORKERS; i++)
		workers[i] = brood_start(.target = work, .args = BROOD_SHARE(b));
	for (uint64_t i = 0; i < kills; i++) {
		int victim = (int)(next(&random) % WORKERS);
		brood_sleep((double)(next(&random) % 1000) * 1e-6);
		kill_and_free(workers[victim]);
		await_progress(b);
		workers[victim] = brood_start(.target = work, .args = BROOD_SHARE(b));
		assert_non_null(workers[victim]);
	}
	for (int i = 0; i < WORKERS; i++)
		kill_and_free(workers[i]);
	assert_int_equal(b->wrong, 0);
	assert_true(brood_lock_acquire_nowait(b->lock) >= 0);
	assert_true(brood_rlock_acquire_nowait(b->rlock) >= 0);
	assert_true(brood_condition_acquire_nowait(b->condition) >= 0);
	assert_int_equal(brood_condition_notify_all(b->condition), 0);
	assert_int_equal(brood_semaphore_value(b->semaphore), UNITS);
	print_message("%llu rounds, %llu repairs\n", (unsigned long long)b->done,
		      (unsigned long long)b->repaired);
	bank_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(the_living_go_on)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
