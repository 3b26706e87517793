/* SPDX-License-Identifier: MIT */
/* Barriers: rounds, their action, and how they break. */

#include "support.h"

enum { PARTIES = 3, ROUNDS = 300 };

static stage *acting;

static int act(void)
{
	acting->result[PARTIES]++;
	return 0;
}

static int act_badly(void)
{
	return 7;
}

static void a_barrier_is_made_of_parties(void **state)
{
	(void)state;
	char text[80];
	assert_null(brood_barrier_new(0));
	assert_null(brood_barrier_new(-1));
	assert_sentence("1 to 32767 parties");
	assert_null(brood_barrier_new(1, .timeout = __builtin_nan("")));
	assert_null(brood_barrier_new(1, .timeout = -1));
	assert_sentence("0 for none");
	assert_null(brood_barrier_new_with(NULL));
	brood_barrier *b = brood_barrier_new(1);
	assert_int_equal(brood_barrier_parties(b), 1);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(brood_barrier_wait(b), 0);
	assert_int_equal(brood_barrier_waiting(b), 0);
	assert_false(brood_barrier_broken(b));
	snprintf(text, sizeof(text), "<Barrier at %p: waiters=0/1>", (void *)b);
	assert_string_equal(brood_barrier_repr(b), text);
	assert_int_equal(brood_barrier_abort(b), 0);
	assert_int_equal(brood_barrier_wait(b), -ECANCELED);
	assert_true(brood_barrier_broken(b));
	assert_int_equal(brood_barrier_dead(b), 0);
	snprintf(text, sizeof(text), "<Barrier at %p: broken>", (void *)b);
	assert_string_equal(brood_barrier_repr(b), text);
	assert_int_equal(brood_barrier_reset(b), 0);
	assert_int_equal(brood_barrier_wait(b), 0);
	assert_int_equal(brood_barrier_wait_timed(b, __builtin_nan("")), -EINVAL);
	brood_barrier_free(b);
	assert_int_equal(brood_barrier_free(NULL), 0);
	assert_int_equal(brood_barrier_wait(NULL), -EINVAL);
	assert_int_equal(brood_barrier_abort(NULL), -EINVAL);
	assert_int_equal(brood_barrier_reset(NULL), -EINVAL);
	assert_int_equal(brood_barrier_parties(NULL), -EINVAL);
	assert_int_equal(brood_barrier_waiting(NULL), -EINVAL);
	assert_int_equal(brood_barrier_dead(NULL), -EINVAL);
	assert_false(brood_barrier_broken(NULL));
	assert_string_equal(brood_barrier_repr(NULL), "(null)");
}

static void go_in_lockstep(void *argument)
{
	stage *s = acting = argument;
	for (uint32_t i = 0; i < ROUNDS; i++) {
		atomic_fetch_add(&s->arrived, 1);
		int index = brood_must(brood_barrier_wait(s->object));
		if (atomic_load(&s->arrived) < (i + 1) * PARTIES || index >= PARTIES)
			exit(1);
		atomic_fetch_add(&s->result[index], 1);
	}
}

static void rounds_are_in_lockstep(void **state)
{
	(void)state;
	stage *s = stage_new(brood_barrier_new(PARTIES, .action = act));
	brood_process *all[PARTIES];
	for (int i = 0; i < PARTIES; i++)
		all[i] = start(go_in_lockstep, s);
	for (int i = 0; i < PARTIES; i++)
		join_and_free(all[i]);
	for (int i = 0; i <= PARTIES; i++)
		assert_int_equal(s->result[i], ROUNDS);
	brood_barrier_free(s->object);
	brood_free(s);
}

static void wait_and_tell(void *argument)
{
	stage *s = argument;
	s->result[0] = brood_barrier_wait(s->object);
}

static brood_process *start_and_await(stage *s, int waiting)
{
	brood_process *p = start(wait_and_tell, s);
	while (brood_barrier_waiting(s->object) < waiting)
		brood_sleep(0.0005);
	return p;
}

static void a_timeout_breaks_it_for_all(void **state)
{
	(void)state;
	stage *s = stage_new(brood_barrier_new(PARTIES));
	brood_process *p = start_and_await(s, 1);
	assert_int_equal(brood_barrier_wait_timed(s->object, 0.001), -ETIMEDOUT);
	join_and_free(p);
	assert_int_equal(s->result[0], -ECANCELED);
	assert_true(brood_barrier_broken(s->object));
	brood_barrier_free(s->object);
	s->object = brood_barrier_new(PARTIES, .timeout = 0.001);
	assert_int_equal(brood_barrier_wait(s->object), -ETIMEDOUT);
	brood_barrier_free(s->object);
	brood_free(s);
}

static void a_reset_sends_the_waiting_away(void **state)
{
	(void)state;
	stage *s = stage_new(brood_barrier_new(2));
	for (int i = 0; i < 3; i++) {
		brood_process *p = start_and_await(s, 1);
		assert_int_equal(i == 1 ? brood_barrier_abort(s->object) : 0, 0);
		assert_int_equal(brood_barrier_reset(s->object), 0);
		join_and_free(p);
		assert_int_equal(s->result[0], -ECANCELED);
		assert_false(brood_barrier_broken(s->object));
	}
	brood_process *p = start_and_await(s, 1);
	assert_int_equal(brood_barrier_wait(s->object), 1);
	join_and_free(p);
	assert_int_equal(s->result[0], 0);
	brood_barrier_free(s->object);
	brood_free(s);
}

static void a_failed_action_breaks_it(void **state)
{
	(void)state;
	stage *s = stage_new(brood_barrier_new(2, .action = act_badly));
	brood_process *p = start_and_await(s, 1);
	assert_int_equal(brood_barrier_wait(s->object), -ECANCELED);
	assert_sentence("returned 7");
	join_and_free(p);
	assert_int_equal(s->result[0], -ECANCELED);
	brood_barrier_free(s->object);
	brood_free(s);
}

static void a_death_breaks_it_and_says_who(void **state)
{
	(void)state;
	for (int finds = 0; finds < 2; finds++) {
		stage *s = stage_new(brood_barrier_new(PARTIES));
		brood_process *victim = start_and_await(s, 1);
		brood_process *waiter = finds ? start_and_await(s, 2) : NULL;
		pid_t pid = brood_process_pid(victim);
		kill_and_free(victim);
		if (waiter) {
			join_and_free(waiter);
		} else { /* the last to come finds it, too, if nobody else does */
			assert_int_equal(brood_barrier_wait_timed(s->object, 10), -ECANCELED);
			assert_sentence("died while it waited");
			s->result[0] = -ECANCELED;
		}
		assert_int_equal(s->result[0], -ECANCELED);
		assert_int_equal(brood_barrier_dead(s->object), pid);
		assert_int_equal(brood_barrier_reset(s->object), 0);
		assert_int_equal(brood_barrier_dead(s->object), 0);
		brood_barrier_free(s->object);
		brood_free(s);
	}
}

static int act_until_told(void)
{
	say(&acting->arrived);
	await(&acting->told, 1);
	return 0;
}

static void wait_to_act(void *argument)
{
	acting = argument;
	wait_and_tell(argument);
}

static void interrupt(int signal)
{
	(void)signal;
	brood_interrupt();
}

/* All places are taken, and the last to come runs the action. */
static stage *begin_acting(brood_process **ret)
{
	stage *s = acting = stage_new(brood_barrier_new(1, .action = act_until_told));
	*ret = start(wait_to_act, s);
	await(&s->arrived, 1);
	return s;
}

static void who_comes_during_the_action_may_give_up(void **state)
{
	(void)state;
	brood_process *actor;
	stage *s = begin_acting(&actor);
	assert_int_equal(brood_barrier_wait_timed(s->object, 0.001), -ETIMEDOUT);
	assert_sentence("their action still runs");
	struct sigaction old, action = {.sa_handler = interrupt};
	sigaction(SIGUSR1, &action, &old);
	raise(SIGUSR1);
	assert_int_equal(brood_barrier_wait(s->object), -EINTR);
	sigaction(SIGUSR1, &old, NULL);
	assert_false(brood_barrier_broken(s->object));
	say(&s->told);
	assert_int_equal(brood_barrier_wait(s->object), 0);
	join_and_free(actor);
	assert_int_equal(s->result[0], 0);
	brood_barrier_free(s->object);
	brood_free(s);
}

static void who_comes_after_a_death_in_the_action_is_told(void **state)
{
	(void)state;
	for (int when = 0; when < 2; when++) {
		brood_process *actor;
		stage *s = begin_acting(&actor);
		brood_process *late = when ? NULL : start(wait_and_tell, s);
		pid_t pid = brood_process_pid(actor);
		kill_and_free(actor);
		if (late)
			join_and_free(late);
		else
			s->result[0] = brood_barrier_wait(s->object);
		assert_int_equal(s->result[0], -ECANCELED);
		assert_int_equal(brood_barrier_dead(s->object), pid);
		brood_barrier_free(s->object);
		brood_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_barrier_is_made_of_parties),
		TEST(rounds_are_in_lockstep),
		TEST(a_timeout_breaks_it_for_all),
		TEST(a_reset_sends_the_waiting_away),
		TEST(a_failed_action_breaks_it),
		TEST(a_death_breaks_it_and_says_who),
		TEST(who_comes_during_the_action_may_give_up),
		TEST(who_comes_after_a_death_in_the_action_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
