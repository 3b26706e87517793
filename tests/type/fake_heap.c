/* SPDX-License-Identifier: MIT */

#include "fake_heap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "heap/table.h"
#include "type/pickle_block.h"

enum { BLOCKS_MAX = 4096 };

static struct {
	unsigned char *start;
	size_t size;
} blocks[BLOCKS_MAX];
static size_t live;
static int fail_after = -1;

size_t fake_heap_live(void)
{
	return live;
}

void fake_heap_fail_after(int n)
{
	fail_after = n;
}

int heap_require(void)
{
	return 0;
}

void *heap_alloc(size_t alignment, size_t size, heap_owner owner)
{
	void *start;
	(void)owner;
	if (fail_after == 0 || live == BLOCKS_MAX || posix_memalign(&start, alignment, size) != 0)
		return error_null(ENOMEM, "the fake heap is full");
	if (fail_after > 0)
		fail_after--;
	memset(start, 0xa5, size);
	blocks[live].start = start;
	blocks[live++].size = size;
	return start;
}

int brood_free(void *ptr)
{
	if (!ptr)
		return 0;
	for (size_t i = 0; i < live; i++)
		if (ptr == blocks[i].start || ptr == blocks[i].start + PICKLE_HEADER_SIZE) {
			free(blocks[i].start);
			blocks[i] = blocks[--live];
			return 0;
		}
	return error_set(EINVAL, "no block of the fake heap");
}

void *heap_block_of(const void *ptr)
{
	const unsigned char *at = ptr;
	for (size_t i = 0; i < live; i++)
		if (at >= blocks[i].start && at < blocks[i].start + blocks[i].size)
			return blocks[i].start;
	return NULL;
}

bool brood_heap_contains(const void *ptr)
{
	return heap_block_of(ptr) != NULL;
}

process_slot *table_self(void)
{
	return NULL;
}

heap_owner table_owner(const process_slot *slot)
{
	(void)slot;
	return HEAP_OWNER_FAMILY;
}
