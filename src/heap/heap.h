/* SPDX-License-Identifier: MIT */
#ifndef HEAP_HEAP_H
#define HEAP_HEAP_H

/* The heap as the layers above it use it: blocks with a named owner. */

#include "brood/heap.h"

/*
 * Who a block belongs to: a process (its slot and the slot's generation,
 * table.h), a shared object (whose death frees what is queued in it), or the
 * family. Never 0 or 1: those are a block's own states.
 */
typedef uint32_t heap_owner;
#define HEAP_OWNER_FAMILY ((heap_owner)2)

/* The family's, too, as an object of the library: users free it by the object's own function, and
 * brood_free(), brood_keep() and their like refuse it. */
#define HEAP_OWNER_LIBRARY ((heap_owner)3)

/*
 * A pickled value has a header of this many bytes before the pointer that its
 * user holds: brood_free(), brood_keep() and brood_adopt() take a block by its
 * start or by this offset, and no other.
 */
enum { HEAP_VALUE_OFFSET = 64 };

/* For an object that belongs to a process: what its user holds points that far into the block, so
 * that the same functions refuse it. */
enum { HEAP_OBJECT_OFFSET = 32 };

/* 0, or the negative errno (with its sentence) for which there is no heap. */
int heap_require(void);

/*
 * As brood_aligned_alloc(), for a given owner. An alignment of 1 is that of
 * brood_alloc(). An owner that has ended is EINVAL.
 */
void *heap_alloc(size_t alignment, size_t size, heap_owner owner);

/* The start of the block that ptr points to, or into; NULL when it is in none. */
void *heap_block_of(const void *ptr);

/*
 * The owner that a block is for others: what is given to it is freed by
 * heap_sweep() of it, or of the process that owns it. Whoever frees such a block
 * sweeps it first.
 */
heap_owner heap_object(const void *start);

/* Hands the block that ptr points to, or into, to another owner; 0 or -EINVAL. */
int heap_give(const void *ptr, heap_owner to);

/* Hands a block, by its start, over if it still is of owner from; 0 or -EINVAL. */
int heap_give_owned(const void *start, heap_owner from, heap_owner to);

/* Frees the block that ptr points to, or into, if it still is this owner's. Returns 0 or -EINVAL.
 */
int heap_free_owned(const void *ptr, heap_owner owner);

/*
 * Frees every block of an owner that is known to be dead, with what these own as
 * objects, and finishes or undoes what it was doing when it died. Returns how
 * many blocks. May be called again, also after a sweeper has died; for one owner
 * by one process at a time.
 */
size_t heap_sweep(heap_owner dead);

#endif
