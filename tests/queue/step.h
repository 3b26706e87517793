/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QUEUE_STEP_H
#define TESTS_QUEUE_STEP_H

/* What a queue is killed in by test_step.c, at any instruction. */

#include "../heap/support.h"

#include <stdatomic.h>

#include "queue/queue.h"

enum { FULL_RING = 256, DRAINED_MAX = FULL_RING + 8 };

extern brood_queue *q;

/* What the child tells, in the heap. */
struct notes {
	_Atomic bool finishing; /* task_done was called, */
	_Atomic bool finished;	/* and has returned */
};
extern struct notes *notes;

/* What was found after the kill. */
typedef struct found {
	int id[DRAINED_MAX];
	int count;
	brood_queue_stats stats;
	bool ended; /* the child came to its end */
} found;

typedef struct operation {
	const char *name;
	void (*make)(void);    /* in the parent */
	void (*prepare)(void); /* in the child, not stepped */
	void (*run)(void);
	bool (*check)(const found *is);
	bool (*next)(int *ret_id); /* takes a message */
} operation;

extern const operation operations[];
extern const int n_operations;

/* Takes what is left, and tries whether the queue goes on. */
void operation_look(const operation *what, found *ret);

#endif
