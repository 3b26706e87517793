/* SPDX-License-Identifier: MIT */
/* Shared values: what the program sees lies behind a header that the value's lock is in. */

#include <errno.h>
#include <string.h>

#include "sync/core.h"

typedef struct shared {
	object object;
	brood_rlock lock;
	size_t count;
	size_t size;
} shared;
_Static_assert(sizeof(shared) <= HEAP_VALUE_OFFSET, "fits before a value");

static shared *shared_of(const void *value)
{
	return (shared *)((uintptr_t)value - HEAP_VALUE_OFFSET);
}

static void *new (size_t count, size_t size, const void *from)
{
	shared *made = object_new(OBJECT_SHARED, HEAP_VALUE_OFFSET + size);
	if (!made)
		return NULL;
	made->count = count;
	made->size = size;
	atomic_store(&made->lock.object.kind, OBJECT_RLOCK);
	void *value = (char *)made + HEAP_VALUE_OFFSET;
	if (from)
		memcpy(value, from, size);
	return value;
}

void *brood_shared_new_from(size_t element_size, size_t count, const void *from)
{
	size_t size;
	if (count == 0 || element_size == 0)
		return error_null(EINVAL, "a shared array needs elements");
	if (__builtin_mul_overflow(element_size, count, &size) ||
	    size > SIZE_MAX - HEAP_VALUE_OFFSET)
		return error_null(ENOMEM,
				  "%zu elements of %zu bytes are more than can be "
				  "addressed",
				  count, element_size);
	return new (count, size, from);
}

static int check(const void *value)
{
	return object_check(value ? shared_of(value) : NULL, OBJECT_SHARED);
}

void *brood_shared_copy(const void *value)
{
	if (check(value) < 0)
		return error_to_null(-errno);
	const shared *s = shared_of(value);
	return new (s->count, s->size, value);
}

size_t brood_shared_count(const void *value)
{
	return check(value) < 0 ? 0 : shared_of(value)->count;
}

brood_rlock *brood_shared_lock(void *value)
{
	if (check(value) < 0)
		return error_to_null(-errno);
	return &shared_of(value)->lock;
}

int brood_shared_free(void *value)
{
	return value ? object_free(shared_of(value), OBJECT_SHARED) : 0;
}
