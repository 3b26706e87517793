/* SPDX-License-Identifier: MIT */
/* The real code of barriers in every order, with one death. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "brood/sync.h"
#include "model.h"

enum { PARTIES = 3, ROUNDS = 2 };

static MODEL_SHARED struct {
	brood_barrier *barrier;
	int rounds;
	int arrived[ROUNDS], passed[ROUNDS], indexes[ROUNDS];
	bool was_broken[PARTIES];
} shared;

static int dead_process(void)
{
	for (int i = 0; i < PARTIES; i++)
		if (model_killed(i))
			return i;
	return -1;
}

static void pass(int process)
{
	for (int round = 0; round < shared.rounds; round++) {
		shared.arrived[round]++;
		int r = brood_barrier_wait(shared.barrier);
		if (r == -ECANCELED) {
			shared.was_broken[process] = true;
			MODEL_CHECK(brood_barrier_broken(shared.barrier));
			return;
		}
		/* All have come, each under a number of its own, and a round broke for all or none.
		 */
		MODEL_CHECK(r >= 0 && r < PARTIES);
		MODEL_CHECK(shared.arrived[round] == PARTIES);
		MODEL_CHECK(!(shared.indexes[round] >> r & 1));
		shared.indexes[round] |= 1 << r;
		shared.passed[round]++;
	}
}

static void make_one_round(void)
{
	shared.barrier = brood_barrier_new(PARTIES);
	shared.rounds = 1;
}

static void make_two_rounds(void)
{
	shared.barrier = brood_barrier_new(PARTIES);
	shared.rounds = 2;
}

/* Who lives has passed, or been told that the barrier broke and who died of it. */
static void broke_for_the_dead_only(void)
{
	int dead = dead_process(), named = brood_barrier_dead(shared.barrier);
	bool broken = brood_barrier_broken(shared.barrier);
	MODEL_CHECK(named == 0 || named == (dead < 0 ? 0 : model_pid(dead)));
	MODEL_CHECK(dead >= 0 || (!broken && shared.passed[shared.rounds - 1] == PARTIES));
	MODEL_CHECK(!broken || named != 0);
	for (int i = 0; i < PARTIES; i++)
		MODEL_CHECK(!shared.was_broken[i] || broken);
}

/* A party that never came is waited for. */
static bool one_never_came(void)
{
	return dead_process() >= 0 && !brood_barrier_broken(shared.barrier) &&
	       brood_barrier_waiting(shared.barrier) == PARTIES - 1;
}

static void explore(const char *name, void (*setup)(void))
{
	model m = {.name = name,
		   .processes = PARTIES,
		   .setup = setup,
		   .run = pass,
		   .check = broke_for_the_dead_only,
		   .may_sleep = one_never_came};
	for (m.kills = 0; m.kills < 2; m.kills++)
		for (m.early_timeouts = 0; m.early_timeouts < 2; m.early_timeouts++)
			assert_false(model_explore(&m).failed);
}

static void all_pass_or_the_barrier_breaks(void **state)
{
	(void)state;
	explore("barrier, one round", make_one_round);
}

static void the_next_round_is_like_the_first(void **state)
{
	(void)state;
	explore("barrier, two rounds", make_two_rounds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_pass_or_the_barrier_breaks),
		cmocka_unit_test(the_next_round_is_like_the_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
