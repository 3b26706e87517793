/* SPDX-License-Identifier: MIT */
/*
 * Readers are counted in one word; what is retired waits in a list until the
 * count has been seen at zero after it was put there. The count is that of one
 * process, whose pid shares the word with it: in a forked child the parent's
 * other readers are gone, and only the forking thread's own, which it counts for
 * itself, still read. A count that can never reach zero (a thread that ended
 * inside a handler) keeps memory, and hinders nobody.
 *
 * All operations are sequentially consistent: a reader's increment before it
 * loads a pointer, and a writer's exchange of that pointer before it reads the
 * count, must have one order.
 */

#include "log/retire.h"

#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

static _Atomic uint64_t readers; /* pid in the upper half, count in the lower */
static _Atomic(retired *) waiting;
static _Thread_local uint32_t depth;

static uint64_t add(uint32_t by)
{
	uint64_t pid = (uint32_t)getpid();
	uint64_t old = readers, new;
	do {
		uint32_t count = old >> 32 == pid ? (uint32_t)old : depth;
		new = pid << 32 | (uint32_t)(count + by);
	} while (!atomic_compare_exchange_strong(&readers, &old, new));
	depth += by;
	return (uint32_t) new;
}

static void push(retired *first, retired *last)
{
	last->next = waiting;
	while (!atomic_compare_exchange_strong(&waiting, &last->next, first))
		;
}

static void destroy_all(retired *list)
{
	while (list) {
		retired *next = list->next;
		list->destroy(list);
		list = next;
	}
}

/* Takes the list before it looks at the count: what is in it was retired before. */
static void collect(void)
{
	while (waiting && add(0) == 0) {
		retired *list = atomic_exchange(&waiting, NULL);
		if (!list)
			return;
		if (add(0) == 0) {
			destroy_all(list);
			return;
		}
		retired *last = list;
		while (last->next)
			last = last->next;
		push(list, last);
	}
}

void reading_begin(void)
{
	add(1);
}

void reading_end(void)
{
	if (add(UINT32_MAX) == 0)
		collect();
}

void retire(retired *item, void (*destroy)(retired *item))
{
	item->destroy = destroy;
	push(item, item);
	collect();
}
