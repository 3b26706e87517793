/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_CHILDREN_H
#define PROCESS_CHILDREN_H

/*
 * The processes that this one has started and not yet reaped: a list, and the
 * lock that guards it and every object's `state`. The lock is held for moments
 * only, never while waiting and never across a fork.
 */

#include "process/object.h"

void children_lock(void);
void children_unlock(void);

/* In a new process: there are none, and nobody holds the lock. */
void children_forget(void);

/* A process is being started: the list takes a reference; with the lock held. If the start
 * fails it is taken from the list again. */
void children_add(brood_process *process);
void children_remove(brood_process *process);

/*
 * Looks whether a started process has ended and, if so, reaps it, records how it
 * ended, and takes it from the list. Never waits. With the lock held; may free
 * the object if the list's was the last reference.
 */
void children_poll(brood_process *process);

/* Reaps all that have ended: one system call when none has. */
void children_reap(void);

/* For the end of this process. */
void children_terminate_daemons(void);
void children_join_all(void);

#endif
