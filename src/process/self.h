/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SELF_H
#define PROCESS_SELF_H

/* Which process this is. */

#include "process/object.h"

/* getpid() without the system call; right in children that the program forked, too. */
pid_t self_pid(void);

/*
 * A child that the program forked by itself is a stranger: it must not
 * join, terminate or finalize what its parent owns. Asks the kernel, since a raw
 * clone tells nobody.
 */
bool self_is_stranger(void);

/* Whether this is the program itself, no process that brood has started. */
bool self_is_main(void);

/* In a new process, first: nobody in it holds the locks, and nothing of its parent's is its own. */
void self_begin_anew(void);

/* In a new process: it is who it was born as from now on. */
struct birth;
void self_become(const struct birth *birth);

/* Whether this process, or one that it descends from, was forked by a process with threads. */
bool self_born_of_threads(void);

/* The death signal of a child that the calling thread is going to make, 0 if it is to outlive this
 * process: all of a daemon's tree die with their parents, so that nothing of it is orphaned,
 * whatever the flags of those in it. */
int self_death_signal_for(const brood_process *process);

/* Whether this process began as a new program: then exit() is its own to finish. */
bool self_was_executed(void);

/* The number for the next process that this one makes, counted from 1. */
unsigned self_next_number(void);

/*
 * The name and key that this process has set for itself: its object belongs to its parent,
 * where they are not to change.
 */
const char *self_name(void);
int self_set_name(const char *name);

/* The key that every process of the family has from the beginning. */
brood_bytes self_family_key(void);

/*
 * A stranger that makes processes or finalizers of its own is no stranger any more: a program
 * that has gone to the background with daemon(3) goes on like one that has not.
 */
void self_adopt(void);

#endif
