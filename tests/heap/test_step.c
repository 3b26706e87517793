/* SPDX-License-Identifier: MIT */

/*
 * Killed at any instruction: a child is single-stepped through one operation and
 * killed after the n-th instruction that others can see, for n from none to all;
 * then it is swept, and the heap must be sound and empty. Such are the atomic
 * writes and the system calls: between two of them one place is as good as another.
 */

#include "support.h"

#include <errno.h>
#include <signal.h>

#include "heap/heap.h"
#include "step.h"
#include "heap/table.h"

enum { LARGE = 200000 };

typedef struct operation {
	const char *name;
	void (*prepare)(void);
	void (*run)(void);
} operation;

/* What prepare leaves for run; the child's own. */
static void *block, *other;

static void nothing(void) {}

static void prepare_small(void)
{
	block = brood_alloc(100);
}

static void prepare_large(void)
{
	block = brood_alloc(LARGE);
}

static void prepare_cached(void)
{
	brood_free(brood_alloc(LARGE));
}

/* Two chunks of the class, each with one block: the second freed closes its chunk. */
static void prepare_two_chunks(void)
{
	void *blocks[5];
	for (int i = 0; i < 5; i++)
		blocks[i] = brood_alloc(16384);
	for (int i = 1; i < 4; i++)
		brood_free(blocks[i]);
	block = blocks[0];
	other = blocks[4];
}

static void prepare_empty_slab(void)
{
	brood_free(brood_alloc(16384));
}

static void prepare_cached_chunk(void)
{
	brood_free(brood_alloc(60000));
}

static void alloc_small(void)
{
	brood_alloc(100);
}

static void alloc_chunk(void)
{
	brood_alloc(16384);
}

static void alloc_large(void)
{
	brood_alloc(LARGE);
}

static void calloc_small(void)
{
	brood_calloc(10, 10);
}

static void free_block(void)
{
	brood_free(block);
}

static void free_two(void)
{
	brood_free(block);
	brood_free(other);
}

static void realloc_smaller(void)
{
	brood_realloc(block, 20000); /* few to a chunk: a fresh one is quickly opened */
}

static void realloc_larger(void)
{
	brood_realloc(block, 10000);
}

static void adopt(void)
{
	brood_adopt(block);
}

static void give_to_object(void)
{
	void *object = brood_alloc(16384);
	heap_give(block, heap_object(object));
}

static void trim(void)
{
	brood_heap_trim();
}

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

/* Kills the child after so many visible instructions. Returns whether there were more. */
static bool kill_after(const operation *what, int visible)
{
	process_slot *slot = table_reserve();
	assert_non_null(slot);
	pid_t pid = start(what, slot);
	bool more = true;
	for (int done = 0; more && done < visible;) {
		done += step_is_visible(pid);
		more = step_run(pid, PTRACE_SINGLESTEP);
	}
	kill(pid, SIGKILL);
	assert_int_equal(child_end(pid), -SIGKILL);
	table_release(slot);
	return more;
}

static void assert_sound(const operation *what, int visible)
{
	long long faults = brood_heap_check(stderr);
	size_t left = stats_now().blocks;
	brood_heap_trim();
	size_t committed = stats_now().committed;
	if (faults || left || committed)
		fail_msg("%s, killed after %d visible instructions: %lld faults, %zu blocks left, "
			 "%zu bytes not returned",
			 what->name, visible, faults, left, committed);
}

static void kill_throughout(const operation *what)
{
	int visible = 0;
	while (kill_after(what, visible))
		assert_sound(what, visible++);
	assert_sound(what, visible);
	assert_true(visible > 3);
	print_message("%s: %d\n", what->name, visible);
}

static void blocks_survive_a_kill_at_any_instruction(void **state)
{
	static const operation operations[] = {
		{"small alloc", prepare_small, alloc_small},
		{"small calloc", prepare_small, calloc_small},
		{"small free", prepare_small, free_block},
		{"alloc in a fresh chunk", nothing, alloc_chunk},
		{"alloc in a cached chunk", prepare_cached_chunk, alloc_chunk},
		{"frees that close a chunk", prepare_two_chunks, free_two},
		{"large alloc", nothing, alloc_large},
		{"large alloc from the cache", prepare_cached, alloc_large},
		{"large free", prepare_large, free_block},
		{"realloc of a small block", prepare_small, realloc_larger},
		{"realloc of a large block", prepare_large, realloc_smaller},
		{"adopt", prepare_small, adopt},
		{"give to an object", prepare_small, give_to_object},
		{"trim of a run", prepare_cached, trim},
		{"trim of a chunk", prepare_empty_slab, trim},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		kill_throughout(&operations[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(blocks_survive_a_kill_at_any_instruction, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
