/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "brood/brood.h"
#include "heap/map.h"
#include "heap/table.h"
#include "uses.h"

typedef struct left {
	size_t descriptors, blocks, slots;
	uint64_t signals_blocked;
} left;

/* Not by /proc, which may be what is missing. */
static size_t count_descriptors(void)
{
	size_t count = 0;
	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static size_t count_slots(void)
{
	if (!heap_map.super)
		return 0;
	uint32_t backed = HEAP_NEAR_SLOTS + atomic_load(&heap_map.super->slots_backed);
	size_t count = 0;
	for (uint32_t i = 0; i < backed && i < heap_map.slot_count; i++)
		count += atomic_load(&map_slot(i)->state) != SLOT_FREE;
	return count;
}

static left look(void)
{
	brood_heap_stats stats = {0};
	brood_heap_stats_get(&stats);
	return (left){
		.descriptors = count_descriptors(),
		.blocks = stats.blocks,
		.slots = count_slots(),
		.signals_blocked = sigmask_change(SIG_BLOCK, 0).before,
	};
}

static void compare(const char *what, const char *of, size_t before, size_t after, int *wrong)
{
	if (before == after)
		return;
	uses_say("%s leaves %zu %s, not %zu\n", what, after, of, before);
	++*wrong;
}

/* What dead processes had is collected by whoever needs it. */
static void collect(const left *before)
{
	for (int i = 0;
	     i < 1000 && (look().slots > before->slots || look().blocks > before->blocks); i++) {
		table_collect();
		clock_sleep(clock_now() + 1000000);
	}
}

void uses_left(const char *what, int *wrong)
{
	static left before;
	siginfo_t info;
	brood_forkserver_stop();
	if (!what) {
		before = look();
		return;
	}
	collect(&before);
	left after = look();
	compare(what, "descriptors", before.descriptors, after.descriptors, wrong);
	compare(what, "blocks", before.blocks, after.blocks, wrong);
	compare(what, "slots", before.slots, after.slots, wrong);
	compare(what, "blocked signals", before.signals_blocked, after.signals_blocked, wrong);
	compare(what, "children", 1, sys_wait_peek(&info) == -ECHILD, wrong);
	if (heap_map.super)
		compare(what, "errors in the heap", 0, (size_t)brood_heap_check(NULL), wrong);
	before = after;
}
