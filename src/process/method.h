/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_METHOD_H
#define PROCESS_METHOD_H

/* Start methods: how a process comes to be. The rest of its life is the same for all. */

#include "process/object.h"

typedef struct brood_context start_method;
struct brood_context {
	const char *name;
	const char *class_name; /* of a context's processes: "SpawnProcess" */
	/* Whether the process could be started so: -EINVAL with a sentence for arguments or
	 * functions that cannot cross. Asked when it is made. */
	int (*check)(const brood_process *process);
	/* Starts it: its slot is reserved. Returns 0 with the descriptor that watches it, or a
	 * negative errno with its sentence, and then there is no process. */
	int (*start)(brood_process *process, int *ret_pidfd);
};

extern const start_method method_fork;
extern const start_method method_spawn;
extern const start_method method_forkserver;

/* The default, which is settled by being asked; NULL with a sentence when the environment names
 * none that there is. */
const start_method *method_default(void);

/* By its name; NULL with errno EINVAL and a sentence. */
const start_method *method_named(const char *name);

/* How the default crosses into a program run anew. Unknown while the environment names none that
 * there is. */
enum method_number { METHOD_UNKNOWN, METHOD_FORK, METHOD_SPAWN, METHOD_FORKSERVER };
enum method_number method_default_number(void);

/* In a new process: the default is that of its parent. */
void method_inherit(enum method_number number);

/* What fails alike for all: a sentence for the errno of a refused clone. */
int method_refused(const char *name, int err);

#endif
