/* SPDX-License-Identifier: MIT */
#ifndef SYNC_OBJECT_H
#define SYNC_OBJECT_H

/*
 * What locks, semaphores and their like have in common: each is a block of the heap that
 * belongs to the family, and begins with a word that says what it is.
 */

#include "base/clock.h"
#include "base/error.h"
#include "brood/sync.h"
#include "heap/map.h"

typedef enum object_kind {
	OBJECT_FREED = 0x62660000,
	OBJECT_LOCK,
	OBJECT_RLOCK,
	OBJECT_SEMAPHORE,
	OBJECT_EVENT,
	OBJECT_CONDITION,
	OBJECT_BARRIER,
	OBJECT_SHARED,
	OBJECT_DICT,
	OBJECT_LIST,
	OBJECT_NAMESPACE,
} object_kind;

typedef struct object {
	_Atomic uint32_t kind;
	uint32_t reserved;
} object;

/*
 * A zeroed object of this kind, the family's. size includes the object. NULL with its sentence.
 */
void *object_new(object_kind kind, size_t size);

/* Frees it with what it owns. NULL is allowed; 0 or -EINVAL. */
int object_free(void *pointer, object_kind kind);

/* The failure of a pointer that is not what it should be: -EINVAL with its sentence. */
int object_wrong(const void *pointer, object_kind kind);

/* What the object is; 0 when the pointer leads to none. */
static inline uint32_t object_kind_of(const void *pointer)
{
	const object *o = pointer;
	bool inside = (uintptr_t)pointer - (uintptr_t)heap_map.chunks <
		      ((uintptr_t)heap_map.chunk_count << HEAP_CHUNK_SHIFT);
	if (!inside || (uintptr_t)pointer % _Alignof(uint64_t))
		return 0;
	return atomic_load_explicit(&o->kind, memory_order_relaxed);
}

/* 0 when it is one of this kind, else -EINVAL with its sentence. */
static inline int object_check(const void *pointer, object_kind kind)
{
	return object_kind_of(pointer) == (uint32_t)kind ? 0 : object_wrong(pointer, kind);
}

#endif
