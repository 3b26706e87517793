/* SPDX-License-Identifier: MIT */
#ifndef MODEL_WORLD_H
#define MODEL_WORLD_H

/* The explored processes as the files of the model share them. */

#include <stdatomic.h>
#include <stdint.h>
#include <ucontext.h>

#include "model.h"

enum { STACK_SIZE = 32768, ARENA_SIZE = 16384 };

enum status { READY, ASLEEP, AWAITING, CHOOSING, FINISHED, KILLED };

typedef struct hash {
	uint64_t a, b;
} hash;

struct process {
	enum status status;
	const _Atomic uint32_t *word; /* asleep on it */
	heap_owner peer;
	bool can_time_out;
	int timeouts;	      /* that it has had when nobody could go on */
	int result;	      /* of the sleep, or of the choice */
	int choices;	      /* how many it has */
	unsigned awaited;     /* processes, a bit each */
	const char *function; /* where it is, for the trail */
	int line;
	ucontext_t context;
	hash stack; /* and registers, as they have been since it went on last */
};

/* With the arena, the shared variables and the stacks all that changes on the way. */
struct now {
	struct process process[MODEL_PROCESSES];
	size_t allocated;
	int kills, early;
	int forced; /* the process that must go on; -1: any */
};
extern struct now now;
extern char arena[ARENA_SIZE];
extern char stacks[MODEL_PROCESSES][STACK_SIZE];
extern int running; /* -1: none */
extern const model *explored;

/* kernel.c */
void process_make(int process);
void process_go_on(int process); /* to its next point */
void process_kill(int process);
void process_wake(int process, int why);
bool process_can_run(const struct process *p);
bool process_has_ended(const struct process *p);

/* heap.c */
void heap_begin(void);

/* state.c */
typedef struct state state;
state *state_save(void);
void state_restore(const state *s);
bool state_is_new(void);
hash state_of_stack(int process);
void state_begin(void); /* the first one: memory is zero, and none was seen */

#endif
