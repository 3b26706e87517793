/* SPDX-License-Identifier: MIT */
#ifndef HEAP_TABLE_H
#define HEAP_TABLE_H

/*
 * The process table: one slot of the heap a process of the family.
 *
 * A slot's life: FREE -> RESERVED (its starter prepares a start) -> RUNNING (the
 * process has entered) -> ENDED (it has published how) -> FREE (reaped, swept).
 * A starter that dies leaves RESERVED slots, and running ones that nobody
 * reaps, as do children that the program forks itself: those of dead processes are
 * collected when slots or memory are needed, and now and then.
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

/* What makes the kernel wake who waits for a process's death, life.c; laid out as glibc's robust
 * mutexes, with which it is in one list. */
typedef struct slot_life {
	_Atomic uint32_t word; /* 0: nothing is registered */
	uint32_t unused[5];
	void *previous; /* in the list, in the memory of the process */
	void *next;
} slot_life;

typedef struct process_slot {
	_Atomic uint32_t state;	     /* enum slot_state */
	_Atomic uint32_t generation; /* counts the slot's uses, for heap_owner */
	_Atomic int32_t pid;
	_Atomic uint32_t parent;    /* heap_owner that started it, and may free it; its own when
				       nobody did; 0 for the root */
	_Atomic uint64_t started;   /* with pid: as pidref.started; when RESERVED, since when */
	_Atomic uint32_t published; /* set, with release, once exit_code is valid */
	_Atomic int32_t exit_code;  /* what the process said it would end with */
	char name[SLOT_NAME_SIZE];  /* its name, cut; for other processes to show */

	_Alignas(128) _Atomic uint64_t blocks; /* account.h: a sweep's stop sign */
	slot_life life;
	char reserved[80];
} process_slot;
_Static_assert(sizeof(process_slot) == 256, "slots do not share cache lines");

/* This process's slot (in a child that the program forked itself, its parent's); NULL without a
 * heap. */
process_slot *table_self(void);

/* For signal handlers: sees to it that table_self() does not wait for a lock. False when this
 * process has no slot. */
bool table_settle_now(void);

/*
 * Takes a free slot for a process about to be started: RESERVED, with this
 * process as its parent. NULL with errno and sentence: EAGAIN when all are
 * taken, ENOMEM when there is no heap.
 */
process_slot *table_reserve(void);

/* A slot, as its process will find it even if the slot has been collected and used anew since. */
typedef struct table_place {
	process_slot *slot;
	uint32_t generation;
} table_place;

table_place table_place_of(const process_slot *slot);

/* A slot's number, by which map_slot() finds it. */
uint32_t table_index(const process_slot *slot);

/*
 * In a new process, first thing: this is its place; with no slot, any free one. It enters the slot,
 * which is a touch of the heap, at once if `now`, else when it first needs it. (Or another slot, if
 * its starter died before table_entered(), and so long ago that this one was collected.)
 */
void table_move(table_place place, bool now);

/* In the starter, after the start: the process with this pid has the slot. */
void table_entered(process_slot *slot, pid_t pid);

/* Shows a process under this name, cut to SLOT_NAME_SIZE; a NULL slot is allowed. */
void table_set_name(process_slot *slot, const char *name);

/* Says how this process is about to end. */
void table_publish(int exit_code);

/* The constructor's: this process is the family's root, in slot 0. */
void table_found(void);

/*
 * The process of this slot is dead, or was never made: sweeps what it owned and
 * frees the slot. Only its starter calls this, once.
 */
void table_release(process_slot *slot);

/* Releases the slots of dead processes whose starters are dead, too, or that had none, now and not
 * when one is needed. */
void table_collect(void);

/* The owner under which a slot's process allocates. */
heap_owner table_owner(const process_slot *slot);

/* A pidfd of the process that an owner names; -ESRCH when it is gone or no process, or another
 * negative errno. */
int table_open(heap_owner owner);

/* Its pid, which another process may have by now; 0 when it has been released. */
pid_t table_pid(heap_owner owner);

/* The pid of the family's root, which may have ended. */
pid_t table_root(void);

/* Whether the process that an owner names is certainly dead; false for the family and objects. */
bool table_dead(heap_owner owner);

#endif
