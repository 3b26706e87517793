/* SPDX-License-Identifier: MIT */
/* Events, and waiters that are killed. */

#include "support.h"

#include <sched.h>

enum { WAITERS = 4 };

static void an_event_is_set_and_cleared(void **state)
{
	(void)state;
	char text[64];
	brood_event *e = brood_event_new();
	assert_false(brood_event_is_set(e));
	snprintf(text, sizeof(text), "<Event at %p unset>", (void *)e);
	assert_string_equal(brood_event_repr(e), text);
	assert_int_equal(brood_event_wait_timed(e, 0), -ETIMEDOUT);
	assert_int_equal(brood_event_wait_timed(e, 0.001), -ETIMEDOUT);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(brood_event_set(e), 0);
		assert_true(brood_event_is_set(e));
		assert_int_equal(brood_event_wait(e), 0);
		assert_int_equal(brood_event_wait_timed(e, 0), 0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(brood_event_clear(e), 0);
		assert_false(brood_event_is_set(e));
	}
	assert_int_equal(brood_event_wait_timed(e, __builtin_nan("")), -EINVAL);
	assert_int_equal(brood_event_free(e), 0);
	assert_int_equal(brood_event_set(e), -EINVAL);
	assert_int_equal(brood_event_free(NULL), 0);
	assert_int_equal(brood_event_set(NULL), -EINVAL);
	assert_int_equal(brood_event_clear(NULL), -EINVAL);
	assert_int_equal(brood_event_wait(NULL), -EINVAL);
	assert_false(brood_event_is_set(NULL));
	assert_string_equal(brood_event_repr(NULL), "(null)");
}

static void wait_for_event(void *argument)
{
	stage *s = argument;
	say(&s->arrived);
	brood_must(brood_event_wait(s->object));
	say(&s->told);
}

static void a_set_wakes_all_but_the_dead(void **state)
{
	(void)state;
	stage *s = stage_new(brood_event_new());
	brood_process *all[WAITERS];
	for (int i = 0; i < WAITERS; i++)
		all[i] = start(wait_for_event, s);
	await(&s->arrived, WAITERS);
	kill_and_free(all[0]);
	assert_int_equal(s->told, 0);
	brood_event_set(s->object);
	for (int i = 1; i < WAITERS; i++)
		join_and_free(all[i]);
	assert_int_equal(s->told, WAITERS - 1);
	brood_event_free(s->object);
	brood_free(s);
}

/* Whether somebody sleeps: the second bit of the event's word. */
static bool is_awaited(void *event)
{
	_Atomic uint32_t *word = event;
	return atomic_load(&word[2]) & 2;
}

static void who_waits_sees_the_shortest_pulse(void **state)
{
	(void)state;
	stage *s = stage_new(brood_event_new());
	brood_process *p = start(wait_for_event, s);
	while (!is_awaited(s->object))
		sched_yield();
	/* Set and cleared before it can look. */
	assert_int_equal(brood_process_signal(p, SIGSTOP), 0);
	brood_event_set(s->object);
	brood_event_clear(s->object);
	assert_int_equal(brood_process_signal(p, SIGCONT), 0);
	join_and_free(p);
	brood_event_free(s->object);
	brood_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_is_set_and_cleared),
		TEST(a_set_wakes_all_but_the_dead),
		TEST(who_waits_sees_the_shortest_pulse),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
