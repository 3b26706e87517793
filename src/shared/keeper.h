/* SPDX-License-Identifier: MIT */
#ifndef SHARED_KEEPER_H
#define SHARED_KEEPER_H

/*
 * What the dictionary, the list and the namespace have in common: a lock, under which
 * everything is done, and a log of the blocks that the change under way brings or takes.
 *
 * A change is made beside what is there, and becomes valid by one store. So whoever finds that the
 * lock's holder has died finds the old state or the new one. What it also finds is blocks
 * that belong to the object and are not in it: new ones not yet in, or old ones no more. They
 * are in the log, which is written before a block becomes the object's, and before the
 * store takes one out:
 *
 *	make the blocks, the process's own; keeper_brings() each; keeper_takes() the old ones;
 *	store; keeper_done(), which frees the old ones
 *
 *	died                                   left                    repaired by
 *	before a block is the object's         a block of the dead     its sweep
 *	from then until the store              blocks not in it        the next taker of the lock
 *	after the store                        the same                the same
 */

#include "sync/core.h"

enum { KEEPER_LOG = 24 };

typedef struct keeper {
	object object;
	core lock;
	heap_owner self; /* as the owner of its blocks */
	_Atomic uint32_t logged;
	uintptr_t log[KEEPER_LOG]; /* addresses; the lowest bit of those taken out is set */
} keeper;

/* Whether a block is in the object; the object's own, by its kind. */
typedef bool keeper_has(keeper *k, const void *block);

/* A new object, all zero but its keeper. NULL with its sentence. */
void *keeper_new(object_kind kind, size_t size);

/* Takes the lock, and repairs what a dead holder left. 0 or a negative errno with its sentence. */
int keeper_lock(keeper *k, keeper_has *has);
void keeper_unlock(keeper *k);

/* With the lock held, as described above. NULL is allowed. */
void keeper_brings(keeper *k, void *block);
void keeper_takes(keeper *k, void *block);
void keeper_done(keeper *k);

#endif
