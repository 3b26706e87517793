/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_CHILD_H
#define PROCESS_CHILD_H

#include "base/sigmask.h"
#include "process/object.h"

enum { COMM_SIZE = 16 }; /* the kernel's */

/* What the kernel calls a process of this name: its beginning, in whole characters. */
void child_comm(char comm[COMM_SIZE], const char *name);

/*
 * What a new process needs in its first moments, gathered by its parent on the
 * stack: to read it there costs nothing, while the first touch of the heap is
 * a tenth of a whole fork. A process that needs no heap never touches it.
 */
struct birth {
	brood_process *process;
	void (*target)(void *arg);
	void (*call)(void);
	void (*run)(brood_process *self);
	void *arg;
	const struct given *given;
	int death_signal; /* orphan.h; 0: it outlives its parent */
	pid_t parent;
	const char *parent_name;
	bool threaded;	    /* the parent is, or has been */
	bool executed;	    /* it is a new program, no copy of another process */
	bool leaves_record; /* when it crashes */
	bool subreaper;
	const char *name;
	char comm[COMM_SIZE];
	struct process_text *authkey;
	brood_bytes family_key; /* for one that has none of its own yet */
	table_place place;
	lineage lineage;
};

void child_prepare(brood_process *process, struct birth *ret);

/* The life of a forked child, from its first instruction to its last. The signal mask is the one
 * that the starting thread had. */
void child_main(const struct birth *birth, const sigmask *mask) BROOD_NORETURN;

/* The same for one that is no copy of its parent, in two steps. In the first it becomes the
 * process, which nobody sees yet; mask is NULL where it is in force already. If it cannot run its
 * target, failure says why, and it ends as by brood_raise(). */
void child_settle(const struct birth *birth);
void child_run(const struct birth *birth, const sigmask *mask, const char *failure) BROOD_NORETURN;

#endif
