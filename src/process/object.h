/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_OBJECT_H
#define PROCESS_OBJECT_H

/*
 * The process object, as the files of this layer share it.
 *
 * It is one block of the family's heap, written only by the process that made it: the
 * child reads there what it is to run. That is also what keeps starting cheap, since
 * a write to shared memory after a fork copies no page. While the process runs it
 * owns the block, as it may outlive its maker; before and after, its maker does.
 *
 * `state` and what stands below it change under the children's lock (children.h)
 * only; the atomic ones are read without. What a started or ended process has
 * is valid for whoever has seen that state. The rest is set when the object is made.
 */

#include <stdatomic.h>

#include "brood/process.h"
#include "heap/table.h"
#include "log/last_words.h"
#include "process/lineage.h"
#include "type/pickle.h"

enum process_kind {
	PROCESS_CHILD,	/* made by brood_process_new() */
	PROCESS_MAIN,	/* the program itself */
	PROCESS_PARENT, /* how a child sees its parent */
};

enum process_state {
	PROCESS_INITIAL,
	PROCESS_STARTING, /* a thread is inside brood_process_start() */
	PROCESS_STARTED,
	PROCESS_ENDED,
};

/* A name or key that was set later. Replaced ones stay: callers may still hold them. */
struct process_text {
	struct process_text *before;
	size_t size;
	char text[]; /* size bytes and a NUL */
};

/* How a process ended, beyond its exit code; set when it is reaped. */
struct process_end {
	int64_t started, ended; /* clock_now() */
	int64_t user, system;	/* microseconds; -1: unknown, and then so is the memory */
	int64_t peak_memory;
	bool core_dumped;
	bool out_of_memory;
	bool never_began; /* run anew, its program did not come to brood_init() */
};

struct brood_process {
	_Atomic int references; /* the owner's, one while in the list of children, and borrowers' */
	enum process_kind kind;
	pid_t creator;
	const char *first_name;
	const char *parent_name; /* of its creator, when it was made */
	const char *class_name;
	const char *identity;		   /* "3", or "3:1" for the first that the third has made */
	struct process_text *_Atomic name; /* NULL: first_name */
	struct process_text *_Atomic authkey; /* NULL: the family's own */

	const struct brood_context *method; /* method.h */
	void (*target)(void *arg);
	void (*call)(void);
	void (*run)(brood_process *self);
	pickled args;
	struct given *given; /* the connections in args */
	bool daemon;
	bool detached;
	bool subreaper;

	_Atomic enum process_state state;
	_Atomic bool closed;
	_Atomic bool freed; /* its maker has given its reference back */
	_Atomic int
		pidfd; /* once started, until closed and nobody waits; -1: there is only the pid */
	int waiters;
	bool told_to_end; /* at this process's own end */
	bool status_lost; /* ended, and somebody else took its status */
	int exitcode;	  /* once ended */
	struct process_end end;
	uint64_t signals_sent;	  /* by this process, a bit each */
	_Atomic pid_t pid;	  /* once started */
	_Atomic uint64_t started; /* with pid: as pidref.started */
	process_slot *slot;
	lineage lineage;       /* once started: what its descendants bear, also after its end */
	pid_t session;	       /* in which it was born */
	uint64_t since;	       /* none of them started before; as pidref.started */
	struct launch *launch; /* once started by exec: what the new process needs */

	bool leaves_record; /* of a crash */
	void (*on_report)(struct brood_report *report, void *data);
	void *report_data;
	brood_process *next_ended; /* in the list of those to be reported on; with a reference */
	/* Written by the process itself: what it leaves for its report (report_record.h). */
	void *_Atomic record;
	_Atomic bool began; /* it came to brood_init(), where it is run anew */
	struct last_words_place words;

	brood_process *_Atomic next; /* in the list of children */
	brood_process *_Atomic *link;

	char storage[]; /* of the strings above */
};

/* The last reference frees it. Only in the process that made it. */
brood_process *process_ref(brood_process *process);
void process_unref(brood_process *process);

/* Puts a copy of size bytes before what is kept there. Returns 0 or -ENOMEM, with its sentence. */
int process_keep_text(struct process_text *_Atomic *which, const void *text, size_t size);

/* Whether the calling process made the object, and so may start and join it. */
bool process_is_ours(const brood_process *process);

/* Checks for NULL and closed; 0, or -EINVAL with its sentence. */
int process_usable(const brood_process *process);

/* With the children's lock held: closes the sentinel of a closed process, unless someone waits. */
void process_drop_pidfd(brood_process *process);

/* In its creator: the process has this pid. */
void process_set_pid(brood_process *process, pid_t pid);

/* The process has ended, or was never made: frees its arguments and its slot. */
void process_release_slot(brood_process *process);

#endif
