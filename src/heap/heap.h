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

/* 0, or the negative errno (with its sentence) for which there is no heap. */
int heap_require(void);

/* As brood_aligned_alloc(), for a given owner. */
void *heap_alloc(size_t alignment, size_t size, heap_owner owner);

/* Hands the block that ptr points to, or into, to another owner; 0 or -EINVAL. */
int heap_give(const void *ptr, heap_owner to);

/* Frees every block of an owner that is known to be dead. Returns how many. */
size_t heap_sweep(heap_owner dead);

#endif
