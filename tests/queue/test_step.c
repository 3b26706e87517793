/* SPDX-License-Identifier: MIT */

/*
 * Killed at any instruction: a child is single-stepped through one operation, which
 * gives its path; then, for the n-th instruction of it, another child runs to there, by a
 * breakpoint, and is killed. Its messages are accounted for, and the queue must be of use, and
 * leave nothing.
 *
 * By default it is every 7th instruction, beginning elsewhere in each run; QUEUE_STEP=1 in the
 * environment takes all.
 */

#include "step.h"

#include <signal.h>
#include <time.h>

#include "../heap/step.h"
#include "heap/life.h"
#include "heap/table.h"

enum {
	STEP = 7,
	PATH_MAX_STEPS = 100000,
	ROUNDS_MAX = 8, /* an instruction in a loop is taken so many times */
};

#ifdef __x86_64__
#define PLACE_OFFSET offsetof(struct user_regs_struct, rip)

static long place_of(pid_t pid)
{
	return ptrace(PTRACE_PEEKUSER, pid, PLACE_OFFSET, NULL);
}

static void poke(pid_t pid, long place, long code)
{
	assert_int_equal(ptrace(PTRACE_POKETEXT, pid, place, code), 0);
}

/* Runs the child until it is at the place for so many times. False when it came to its end. */
static bool run_to(pid_t pid, long place, int times)
{
	long code = ptrace(PTRACE_PEEKTEXT, pid, place, NULL);
	if (place_of(pid) == place && --times == 0)
		return true;
	for (;;) {
		poke(pid, place, code);
		if (place_of(pid) == place && !step_run(pid, PTRACE_SINGLESTEP))
			return false;
		poke(pid, place, (code & ~0xffL) | 0xcc);
		if (!step_run(pid, PTRACE_CONT))
			return false;
		ptrace(PTRACE_POKEUSER, pid, PLACE_OFFSET, place);
		if (--times == 0)
			return true;
	}
}
#else
static long place_of(pid_t pid)
{
	(void)pid;
	skip();
	return 0;
}

static bool run_to(pid_t pid, long place, int times)
{
	(void)pid, (void)place, (void)times;
	return false;
}
#endif

static pid_t start(const operation *what, process_slot *slot)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		what->prepare();
		step_begin_here();
		what->run();
		step_end_here();
	}
	step_await(pid);
	return pid;
}

static long path[PATH_MAX_STEPS];

/* Steps through the whole operation once. Returns how many instructions it has. */
static int find_path(const operation *what)
{
	process_slot *slot = table_reserve();
	pid_t pid = start(what, slot);
	int count = 0;
	do {
		assert_true(count < PATH_MAX_STEPS);
		long place = place_of(pid);
		/* A repeated string instruction stops at each turn. */
		if (count == 0 || path[count - 1] != place)
			path[count++] = place;
	} while (step_run(pid, PTRACE_SINGLESTEP));
	kill(pid, SIGKILL);
	child_end(pid);
	table_release(slot);
	return count;
}

static int times_until(int at)
{
	int times = 0;
	for (int i = 0; i <= at; i++)
		times += path[i] == path[at];
	return times;
}

/* Kills the child before the instruction of this number on the path. Returns whether it was
 * reached: paths differ when the heap looks elsewhere for a block. */
static bool kill_at(const operation *what, int at)
{
	process_slot *slot = table_reserve();
	assert_non_null(slot);
	pid_t pid = start(what, slot);
	bool reached = run_to(pid, path[at], times_until(at));
	kill(pid, SIGKILL);
	assert_int_equal(child_end(pid), -SIGKILL);
	/* Half of the time the queue is met before the dead one is swept. */
	if (at % 2)
		brood_queue_size(q);
	table_release(slot);
	return reached;
}

static void settle(const operation *what, bool ended, const char *when)
{
	found is = {.ended = ended};
	if (heap_block_of(q)) {
		operation_look(what, &is);
		assert_int_equal(brood_queue_free(q), 0);
	}
	if (!what->check(&is)) {
		for (int i = 0; i < is.count; i++)
			print_error("%d ", is.id[i]);
		fail_msg("%s, %s: %d messages, %zu dropped", what->name, when, is.count,
			 is.stats.dropped);
	}
	brood_heap_stats heap = stats_now();
	if (heap.blocks != 1 || brood_heap_check(stderr))
		fail_msg("%s, %s: %zu blocks left", what->name, when, heap.blocks - 1);
}

static void make(const operation *what)
{
	what->make();
	assert_non_null(q);
	notes->finishing = notes->finished = false;
}

static void kill_throughout(const operation *what)
{
	const char *wanted = getenv("QUEUE_STEP");
	int stride = wanted ? atoi(wanted) : STEP;
	int kills = 0;
	make(what);
	int count = find_path(what);
	settle(what, true, "not killed");
	for (int at = stride > 1 ? (int)(time(NULL) % stride) : 0; at < count; at += stride) {
		char when[64];
		if (times_until(at) > ROUNDS_MAX)
			continue;
		snprintf(when, sizeof(when), "killed before instruction %d", at);
		make(what);
		bool reached = kill_at(what, at);
		kills += reached;
		settle(what, !reached, when);
	}
	assert_true(kills > 3);
	print_message("%s: %d instructions, %d kills\n", what->name, count, kills);
}

static void messages_survive_a_kill_at_any_instruction(void **state)
{
	(void)state;
	for (int i = 0; i < n_operations; i++)
		kill_throughout(&operations[i]);
}

static int begin(void **state)
{
	(void)state;
	notes = brood_calloc(1, sizeof(*notes));
	return notes ? 0 : -1;
}

static int end(void **state)
{
	brood_free(notes);
	return heap_is_empty(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_survive_a_kill_at_any_instruction, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
