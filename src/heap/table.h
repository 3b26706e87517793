/* SPDX-License-Identifier: MIT */
#ifndef HEAP_TABLE_H
#define HEAP_TABLE_H

/*
 * The process table: one slot of the heap a process of the family.
 *
 * A slot's life: FREE -> RESERVED (its starter prepares a start) -> RUNNING (the
 * process has entered) -> ENDED (it has published how) -> FREE (reaped, swept).
 * A starter that dies leaves RESERVED slots, and running ones that nobody
 * reaps: table_reserve() collects those of dead processes when it needs one.
 *
 * Written by: the starter until it is entered; then by its process, except
 * `blocks`, which everyone who frees or hands over its blocks decrements.
 * A slot is freed by its starter, or by a collector once pid and start time
 * say that both it and its starter are dead.
 */

#include <stdatomic.h>

#include "base/pidref.h"
#include "heap/heap.h"

enum slot_state { SLOT_FREE, SLOT_RESERVED, SLOT_RUNNING, SLOT_ENDED };

enum { SLOT_NAME_SIZE = 64 };

typedef struct process_slot {
	_Atomic uint32_t state;	     /* enum slot_state */
	_Atomic uint32_t generation; /* counts the slot's uses, for heap_owner */
	_Atomic int32_t pid;
	_Atomic uint32_t parent;  /* heap_owner that started it, and may free it; 0 for the root */
	_Atomic uint64_t started; /* with pid: as pidref.started; when RESERVED, since when */
	_Atomic uint32_t published; /* set, with release, once exit_code is valid */
	_Atomic int32_t exit_code;  /* what the process said it would end with */
	char name[SLOT_NAME_SIZE];  /* its name, cut; for other processes to show */

	_Alignas(128) _Atomic uint64_t blocks; /* account.h: a sweep's stop sign */
	char reserved[120];
} process_slot;
_Static_assert(sizeof(process_slot) == 256, "slots do not share cache lines");

/* This process's slot (in a child that the program forked itself, its parent's); NULL without a
 * heap. */
process_slot *table_self(void);

/*
 * Takes a free slot for a process about to be started: RESERVED, with this
 * process as its parent. NULL with errno and sentence: EAGAIN when all are
 * taken, ENOMEM when there is no heap.
 */
process_slot *table_reserve(void);

/*
 * In a new process, first thing: from now on it is the process of this slot. (Of
 * another, if its starter died so long ago that the slot was collected.)
 */
void table_enter(process_slot *slot);

/* Says how this process is about to end. */
void table_publish(process_slot *slot, int exit_code);

/* The constructor's: this process is the family's root, in slot 0. */
void table_found(void);

/*
 * The process of this slot is dead, or was never made: sweeps what it owned and
 * frees the slot. Only its starter calls this, once.
 */
void table_release(process_slot *slot);

/* The owner under which a slot's process allocates. */
heap_owner table_owner(const process_slot *slot);

/* Whether the process that an owner names is certainly dead; false for the family and objects. */
bool table_dead(heap_owner owner);

#endif
