/* SPDX-License-Identifier: MIT */
/* A hash table with open addressing; it never grows, since operations are small. */

#include "allocations.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

enum { SIZE = 1 << 16 };

static void *table[SIZE];
static size_t count;
static atomic_flag busy = ATOMIC_FLAG_INIT;

static void lock(void)
{
	while (atomic_flag_test_and_set(&busy))
		;
}

static size_t place_of(const void *allocation)
{
	return (uintptr_t)allocation * UINT64_C(0x9e3779b97f4a7c15) >> 48;
}

static size_t find(const void *allocation)
{
	size_t at = place_of(allocation);
	while (table[at] && table[at] != allocation)
		at = (at + 1) % SIZE;
	return at;
}

/* Puts those behind a freed place where find() finds them. */
static void close_gap(size_t at)
{
	for (size_t next = (at + 1) % SIZE; table[next]; next = (next + 1) % SIZE) {
		void *moved = table[next];
		table[next] = NULL;
		table[find(moved)] = moved;
	}
}

void *allocations_add(void *allocation)
{
	if (!allocation)
		return NULL;
	lock();
	size_t at = find(allocation);
	count += !table[at];
	table[at] = allocation;
	if (count > SIZE / 2)
		abort();
	atomic_flag_clear(&busy);
	return allocation;
}

void allocations_remove(void *allocation)
{
	lock();
	size_t at = find(allocation);
	if (allocation && table[at]) {
		table[at] = NULL;
		count--;
		close_gap(at);
	}
	atomic_flag_clear(&busy);
}

size_t allocations_count(void)
{
	return count;
}
