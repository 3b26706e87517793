/* SPDX-License-Identifier: MIT */
#ifndef MODEL_H
#define MODEL_H

/*
 * Runs the library's real code as up to four processes in every order in which their
 * atomic operations and system calls on shared memory can come, and kills one of
 * them at every point. A source is compiled for it with `-include shadow.h`, which has
 * kernel.c and heap.c stand for the kernel, the clock and the heap.
 *
 *	static brood_lock *lock;
 *	static void setup(void) { lock = brood_lock_new(); }
 *	static void run(int process)
 *	{
 *		brood_lock_acquire(lock);
 *		MODEL_CHECK(++inside == 1);
 *		...
 *	}
 *	model_explore(&(model){.name = "lock", .processes = 3, .kills = 1, .setup = setup,
 *			       .run = run});
 *
 * What the processes share must be allocated in the model's heap (as all objects are)
 * or be declared MODEL_SHARED; other variables are those of no process, since all run
 * in one. The source of the scenario is compiled with shadow.h as well. The model is
 * of sequential consistency: what the weaker orders allow, ThreadSanitizer looks at.
 *
 * Explored is by states: memory, stacks and registers of the processes. A state that was seen is
 * not gone on from. Found are: a failed MODEL_CHECK, a state from which nobody can go on, be
 * it by timeouts, until all have ended (a lost wake-up), and one in which, though nobody was
 * killed, only the end of a timeout helps. Prints the trail that leads there.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "heap/heap.h"

enum { MODEL_PROCESSES = 4 };

typedef struct model {
	const char *name;
	int processes;
	int kills;		     /* at most so many processes are killed */
	unsigned immortal;	     /* bit i: process i is not killed */
	int early_timeouts;	     /* so many end though somebody can go on */
	bool lost_wakes_are_allowed; /* a timeout may be needed though nobody was killed */
	void (*setup)(void);
	void (*run)(int process);
	void (*check)(void);	 /* when all have ended; may be NULL */
	bool (*may_sleep)(void); /* whether it is right that those who sleep do so for ever */
	/* Whether what is done to this word commutes with all that others do, so that it need be
	 * no point; may be NULL. */
	bool (*is_quiet)(const void *word);
} model;

/* What was explored. */
typedef struct model_result {
	bool failed;
	size_t states;
	size_t ends;   /* states in which all have ended */
	size_t stalls; /* states in which only the end of a timeout helps */
} model_result;

model_result model_explore(const model *m);

/* In run() and check(): fails the exploration unless the condition is true. */
#define MODEL_CHECK(condition) model_check((condition), #condition, __func__, __LINE__)
void model_check(bool condition, const char *text, const char *function, int line);

/* In run(): waits until the processes, a bit each, have ended or are dead. */
void model_await(unsigned processes);

/* In check(): whether the process was killed. */
bool model_killed(int process);
heap_owner model_owner(int process);
pid_t model_pid(int process);

/* Shared variables of a scenario. */
#define MODEL_SHARED __attribute__((section("model_shared")))

#endif
