/* SPDX-License-Identifier: MIT */

/*
 * Processes allocate, hand over and free each other's blocks, and each is killed
 * at a random point and replaced. Each block is stamped by who holds it,
 * so one that two hold at a time shows. Afterwards the dead are swept, the heap
 * must be sound, and no block may be left but what the survivors were passing on.
 * SECONDS in the environment prolongs it.
 */

#include "support.h"

#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "heap/heap.h"
#include "heap/table.h"

enum { WORKERS = 6, PLACES = 128, HELD = 48, CORRUPT = 3 };

typedef struct exchange {
	_Atomic bool stop;
	_Atomic(uint64_t *) places[PLACES];
} exchange;

typedef struct worker {
	pid_t pid;
	process_slot *slot;
} worker;

typedef struct held {
	uint64_t *start;
	size_t words;
} held;

static exchange *shared;
static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % below;
}

/* The first and the last word say whose the block is, by a stamp that nobody else uses. */
static held stamp(uint64_t *start)
{
	held block = {.start = start, .words = brood_alloc_size(start) / sizeof(uint64_t)};
	if (!block.words)
		_exit(CORRUPT);
	start[0] = start[block.words - 1] = random_state ^ (uint64_t)getpid() << 32;
	return block;
}

static void verify(const held *block)
{
	if (block->start[0] != block->start[block->words - 1])
		_exit(CORRUPT);
}

static size_t draw_size(void)
{
	static const size_t small[] = {20, 64, 64, 100, 400, 1000};
	uint64_t kind = draw(20);
	if (kind == 0)
		return 40000 + draw(300000);
	if (kind < 4)
		return 2000 + draw(30000);
	return small[draw(6)];
}

static void pass_on(held *block)
{
	verify(block);
	if (heap_give(block->start, heap_object(shared)) < 0)
		_exit(CORRUPT);
	uint64_t *other = atomic_exchange(&shared->places[draw(PLACES)], block->start);
	*block = (held){0};
	if (!other)
		return;
	if (draw(2)) {
		if (brood_free(other) < 0)
			_exit(CORRUPT);
	} else {
		if (brood_adopt(other) < 0)
			_exit(CORRUPT);
		*block = stamp(other);
	}
}

static void work_on(held *block)
{
	if (!block->start) {
		uint64_t *start = brood_alloc(draw_size());
		if (!start)
			_exit(4);
		*block = stamp(start);
		return;
	}
	verify(block);
	switch (draw(4)) {
	case 0:
		pass_on(block);
		break;
	case 1: {
		uint64_t *start = brood_realloc(block->start, draw_size());
		if (!start)
			_exit(4);
		*block = stamp(start);
		break;
	}
	default:
		if (brood_free(block->start) < 0)
			_exit(CORRUPT);
		*block = (held){0};
	}
}

/* Sent by a timer of its own, the signal comes at any instruction, however busy the machine. */
static void be_killed_some_time(void)
{
	timer_t timer;
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
	struct itimerspec when = {.it_value.tv_nsec = 1 + (long)draw(3000000)};
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0 ||
	    timer_settime(timer, 0, &when, NULL) < 0)
		_exit(4);
}

static void work(process_slot *slot, uint64_t seed)
{
	static held blocks[HELD];
	random_state = seed;
	if (!atomic_load(&shared->stop))
		be_killed_some_time();
	table_move(table_place_of(slot), true);
	while (!atomic_load(&shared->stop)) {
		work_on(&blocks[draw(HELD)]);
		if (draw(5000) == 0)
			brood_heap_trim();
	}
	for (int i = 0; i < HELD; i++)
		if (blocks[i].start && brood_free(blocks[i].start) < 0)
			_exit(CORRUPT);
	_exit(0);
}

static void start(worker *one)
{
	uint64_t seed = draw(UINT64_MAX) | 1;
	one->slot = table_reserve();
	assert_non_null(one->slot);
	one->pid = fork();
	if (one->pid == 0)
		work(one->slot, seed);
	assert_true(one->pid > 0);
}

/* Returns whether it was killed; else it ended well. */
static bool finish(worker *one)
{
	int end = child_end(one->pid);
	assert_true(end == 0 || end == -SIGKILL);
	if (atomic_load(&one->slot->pid)) /* killed before it entered, it was never there */
		assert_true(table_dead(table_owner(one->slot)));
	table_release(one->slot);
	return end != 0;
}

static long replace_the_killed(worker *workers, double seconds)
{
	deadline until;
	long kills = 0;
	assert_int_equal(deadline_in(seconds, &until), 0);
	while (clock_now() < until) {
		worker *one = &workers[draw(WORKERS)];
		kills += finish(one);
		start(one);
		if (kills % 200 == 0)
			assert_int_equal(brood_heap_check(stderr), 0);
	}
	return kills;
}

static void the_dead_leave_nothing(void **state)
{
	(void)state;
	worker workers[WORKERS];
	const char *seconds = getenv("SECONDS"), *seed = getenv("SEED");
	random_state = seed ? strtoull(seed, NULL, 10) : (uint64_t)clock_now() | 1;
	uint64_t used = random_state;
	shared = brood_calloc(1, sizeof(*shared));
	for (int i = 0; i < WORKERS; i++)
		start(&workers[i]);
	long kills = replace_the_killed(workers, seconds ? atof(seconds) : 4);
	atomic_store(&shared->stop, true);
	for (int i = 0; i < WORKERS; i++)
		finish(&workers[i]);
	print_message("%ld killed, SEED=%llu\n", kills, (unsigned long long)used);
	assert_true(kills > 0);
	assert_int_equal(brood_heap_check(stderr), 0);
	size_t passed = stats_now().blocks - 1, places = 0;
	for (int i = 0; i < PLACES; i++)
		places += shared->places[i] != NULL;
	/* Those killed in the middle of passing on left a few that have an owner and no place. */
	assert_true(passed >= places);
	assert_int_equal(heap_sweep(heap_object(shared)), passed);
	assert_int_equal(stats_now().blocks, 1);
	assert_int_equal(atomic_load(&table_self()->blocks) & UINT32_MAX, 1);
	brood_free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_dead_leave_nothing, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
