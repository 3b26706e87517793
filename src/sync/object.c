/* SPDX-License-Identifier: MIT */

#include "sync/object.h"

#include <string.h>

#include "heap/heap.h"

static const char *word_for(uint32_t kind)
{
	switch (kind) {
	case OBJECT_LOCK:
		return "lock";
	case OBJECT_RLOCK:
		return "rlock";
	case OBJECT_SEMAPHORE:
		return "semaphore";
	case OBJECT_EVENT:
		return "event";
	case OBJECT_CONDITION:
		return "condition";
	case OBJECT_BARRIER:
		return "barrier";
	case OBJECT_SHARED:
		return "shared value";
	case OBJECT_DICT:
		return "dict";
	case OBJECT_LIST:
		return "list";
	case OBJECT_NAMESPACE:
		return "namespace";
	default:
		return NULL;
	}
}

void *object_new(object_kind kind, size_t size)
{
	object *o = heap_alloc(1, size, HEAP_OWNER_LIBRARY);
	if (!o)
		return NULL;
	memset((void *)o, 0, size);
	atomic_store(&o->kind, (uint32_t)kind);
	return o;
}

int object_free(void *pointer, object_kind kind)
{
	if (!pointer)
		return 0;
	int r = object_check(pointer, kind);
	if (r < 0)
		return r;
	object *o = pointer;
	if (heap_block_of(o) != o)
		return error_set(EINVAL,
				 "the %s at %p is a part of another object, and goes with it",
				 word_for(kind), pointer);
	uint32_t expected = (uint32_t)kind;
	if (!atomic_compare_exchange_strong(&o->kind, &expected, OBJECT_FREED))
		return object_wrong(pointer, kind);
	heap_sweep(heap_object(o));
	return heap_free_owned(o, HEAP_OWNER_LIBRARY);
}

int object_wrong(const void *pointer, object_kind kind)
{
	if (!pointer)
		return error_absent(word_for(kind));
	uint32_t found = object_kind_of(pointer);
	if (found == OBJECT_FREED)
		return error_set(EINVAL, "the %s at %p has been freed", word_for(kind), pointer);
	if (word_for(found))
		return error_set(EINVAL, "%p is no %s but %s %s", pointer, word_for(kind),
				 found == OBJECT_EVENT ? "an" : "a", word_for(found));
	return error_set(EINVAL, "%p is no %s: pass what brood_%s_new() returned", pointer,
			 word_for(kind), kind == OBJECT_SHARED ? "shared" : word_for(kind));
}
