/* SPDX-License-Identifier: MIT */

/*
 * Stopped at any instruction of one call, while this process goes on, and then let go: neither may
 * be told what was never so.
 */

#include "../heap/support.h"

#include <errno.h>

#include "../heap/step.h"
#include "brood/queue.h"
#include "brood/wait.h"
#include "heap/life.h"
#include "heap/table.h"

enum {
	STRIDE = 5,
	LONG_STRIDE = 13, /* over as many as look for a record, and then write a sentence */
	ROOM = 5,
	ROUNDS = 2 * ROOM,
	MESSAGES = 4,
};

static brood_queue *q;
static int *result; /* what the child's call returned */

static pid_t start(void (*run)(void), process_slot *slot)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		life_owner(); /* what it does once is not stepped through */
		step_begin_here();
		run();
		step_end_here();
	}
	step_await(pid);
	return pid;
}

static bool run_for(pid_t pid, int instructions)
{
	for (int i = 0; i < instructions; i++)
		if (!step_run(pid, PTRACE_SINGLESTEP))
			return false;
	return true;
}

/* Returns whether the call has that many instructions. */
static bool stop_at(int instruction, void (*run)(void), void (*meanwhile)(void))
{
	process_slot *slot = table_reserve();
	assert_non_null(slot);
	*result = 1;
	pid_t pid = start(run, slot);
	bool reached = run_for(pid, instruction);
	if (reached) {
		meanwhile();
		while (step_run(pid, PTRACE_CONT))
			;
	}
	kill(pid, SIGKILL);
	child_end(pid);
	table_release(slot);
	return reached;
}

static void put_one(void)
{
	*result = brood_put_nowait(q, int, 1);
}

/* What can be waited for can be had. */
static bool take_one(void)
{
	int got;
	brood_waitable things[] = {BROOD_WAITABLE(q)};
	bool empty = brood_queue_empty(q);
	int ready = brood_wait_nowait(things, 1);
	int r = brood_get_into_nowait(q, int, &got);
	assert_int_equal(r, ready ? 1 : -ETIMEDOUT);
	assert_int_equal(empty, !ready);
	return ready;
}

static void pass_many(void)
{
	/* It may hold a place, behind which there is room only so far. */
	for (int i = 0; i < ROUNDS && brood_put_nowait(q, int, 2) == 0; i++)
		assert_true(take_one());
	while (take_one())
		;
}

static void a_queue_that_is_nearly_empty_is_never_full(void **state)
{
	(void)state;
	bool reached = true;
	int at = 0;
	for (; reached; at += STRIDE) {
		q = brood_queue_new(.max = ROOM, .type = &brood_type_int);
		reached = stop_at(at, put_one, pass_many);
		assert_int_equal(*result, 0);
		brood_queue_free(q);
	}
	assert_true(at > 100);
}

static void refuse_one(void)
{
	double got;
	*result = brood_get_into_nowait(q, double, &got);
}

static int first, second;

static void take_another(void)
{
	assert_int_equal(brood_get_into_nowait(q, int, &first), 1);
}

static void take_and_die(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		process_slot *slot = table_reserve();
		table_move(table_place_of(slot), true);
		brood_get_into_nowait(q, int, &first);
		_exit(0);
	}
	assert_int_equal(child_end(pid), 0);
}

static void what_came_back_goes_first(void **state)
{
	(void)state;
	bool reached = true;
	int at = 0;
	for (; reached; at += LONG_STRIDE) {
		q = brood_queue_new(.redeliver = true);
		for (int i = 1; i <= MESSAGES; i++)
			assert_int_equal(brood_put(q, int, i), 0);
		take_and_die();
		assert_int_equal(brood_queue_size(q), MESSAGES);
		reached = stop_at(at, refuse_one, take_another);
		assert_int_equal(*result, -EBADMSG);
		assert_int_equal(brood_get_into_nowait(q, int, &second), 1);
		if (reached && first != 1 && second != 1)
			fail_msg("stopped at instruction %d: %d, %d", at, first, second);
		brood_queue_free(q);
	}
	assert_true(at > 100);
}

static int begin(void **state)
{
	(void)state;
	result = brood_alloc(sizeof(*result));
	return result ? 0 : -1;
}

static int end(void **state)
{
	brood_free(result);
	return heap_is_empty(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_queue_that_is_nearly_empty_is_never_full, begin,
						end),
		cmocka_unit_test_setup_teardown(what_came_back_goes_first, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
