/* SPDX-License-Identifier: MIT */
/* The public face: arguments are checked here, and failures get their sentences. */

#include "heap/heap.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "heap/account.h"
#include "heap/block.h"
#include "heap/reclaim.h"

static void *alloc(size_t alignment, size_t size, heap_owner owner, bool *ret_zeroed)
{
	if (heap_require() < 0)
		return error_to_null(-errno);
	if (!account_add(owner))
		return error_null(EINVAL, "the process that is to own the block has ended");
	void *start = block_alloc(alignment, size, owner, ret_zeroed);
	if (!start) {
		reclaim_all();
		start = block_alloc(alignment, size, owner, ret_zeroed);
	}
	if (!start) {
		account_sub(owner);
		return error_to_null(-ENOMEM);
	}
	return start;
}

void *heap_alloc(size_t alignment, size_t size, heap_owner owner)
{
	bool zeroed;
	if (!alignment || alignment & (alignment - 1) || alignment > HEAP_CHUNK_SIZE)
		return error_null(EINVAL, "the alignment %zu is not a power of two up to %zu",
				  alignment, HEAP_CHUNK_SIZE);
	return alloc(alignment, size, owner, &zeroed);
}

void *brood_alloc(size_t size)
{
	bool zeroed;
	return alloc(1, size, account_me(), &zeroed);
}

void *brood_calloc(size_t count, size_t size)
{
	size_t bytes;
	bool zeroed;
	if (__builtin_mul_overflow(count, size, &bytes))
		return error_null(ENOMEM, "%zu times %zu bytes are more than can be addressed",
				  count, size);
	void *start = alloc(1, bytes, account_me(), &zeroed);
	if (start && !zeroed)
		memset(start, 0, bytes);
	return start;
}

void *brood_aligned_alloc(size_t alignment, size_t size)
{
	return heap_alloc(alignment, size, account_me());
}

static int no_block(const void *ptr)
{
	return error_set(EINVAL, "%p is no block of the shared heap, or has been freed already",
			 ptr);
}

static int is_object(const void *ptr)
{
	return error_set(EINVAL,
			 "%p is an object of this library: free it by its own function, as a queue "
			 "by brood_queue_free()",
			 ptr);
}

/* A block by the pointer that its user holds. */
static int find_held(const void *ptr, block *ret)
{
	int r = heap_require();
	if (r < 0)
		return r;
	if (!block_find(ptr, ret))
		return no_block(ptr);
	if (ret->owner == HEAP_OWNER_LIBRARY)
		return is_object(ptr);
	size_t offset = (size_t)((const char *)ptr - ret->start);
	if (offset == HEAP_OBJECT_OFFSET)
		return error_set(EINVAL,
				 "%p is a process, to be freed by brood_process_free(), or points "
				 "into a block of the shared heap, which is %p",
				 ptr, (void *)ret->start);
	if (offset && offset != HEAP_VALUE_OFFSET)
		return error_set(EINVAL, "%p points into a block of the shared heap, which is %p",
				 ptr, (void *)ret->start);
	return 0;
}

int brood_free(void *ptr)
{
	block found;
	if (!ptr)
		return 0;
	int r = find_held(ptr, &found);
	if (r < 0)
		return r;
	return block_free(&found) ? 0 : no_block(ptr);
}

int heap_free_owned(const void *ptr, heap_owner owner)
{
	block found;
	int r = heap_require();
	if (r < 0)
		return r;
	if (!block_find(ptr, &found) || found.owner != owner || !block_free(&found))
		return no_block(ptr);
	return 0;
}

/* Moves a block's content to a new one of the same owner. */
static void *move(const block *from, size_t size)
{
	bool zeroed;
	void *to = alloc(1, size, from->owner, &zeroed);
	if (!to)
		return NULL;
	memcpy(to, from->start, from->size < size ? from->size : size);
	block_free(from);
	return to;
}

void *brood_realloc(void *ptr, size_t size)
{
	block found;
	if (!ptr)
		return brood_alloc(size);
	int r = find_held(ptr, &found);
	if (r < 0)
		return error_to_null(r);
	if (ptr != found.start)
		return error_null(EINVAL, "%p is a pickled value, which cannot be resized", ptr);
	if (size <= found.size && (size > found.size / 2 || found.size <= 64))
		return ptr;
	return move(&found, size);
}

size_t brood_alloc_size(const void *ptr)
{
	block found;
	if (find_held(ptr, &found) < 0)
		return 0;
	return found.size - (size_t)((const char *)ptr - found.start);
}

bool brood_heap_contains(const void *ptr)
{
	return heap_map.base && (uintptr_t)ptr - (uintptr_t)heap_map.chunks <
					(size_t)heap_map.chunk_count << HEAP_CHUNK_SHIFT;
}

void *heap_block_of(const void *ptr)
{
	block found;
	return heap_map.base && block_find(ptr, &found) ? found.start : NULL;
}

heap_owner heap_object(const void *start)
{
	size_t offset = (size_t)((const char *)start - heap_map.base);
	return OWNER_OBJECT | (heap_owner)(offset / OWNER_UNIT);
}

static int give(const void *ptr, const block *found, heap_owner to)
{
	int r = block_give(found, to);
	if (r == -ESRCH)
		return error_set(EINVAL, "the process that is to own %p has ended", ptr);
	return r < 0 ? no_block(ptr) : 0;
}

int heap_give(const void *ptr, heap_owner to)
{
	block found;
	int r = heap_require();
	if (r < 0)
		return r;
	return block_find(ptr, &found) ? give(ptr, &found, to) : no_block(ptr);
}

int heap_give_owned(const void *start, heap_owner from, heap_owner to)
{
	block found;
	int r = heap_require();
	if (r < 0)
		return r;
	if (!block_find(start, &found) || found.start != start || found.owner != from)
		return no_block(start);
	return give(start, &found, to);
}

static int give_held(const void *ptr, heap_owner to)
{
	block found;
	int r = find_held(ptr, &found);
	return r < 0 ? r : give(ptr, &found, to);
}

int brood_keep(void *ptr)
{
	return give_held(ptr, HEAP_OWNER_FAMILY);
}

int brood_adopt(void *ptr)
{
	return give_held(ptr, account_me());
}
