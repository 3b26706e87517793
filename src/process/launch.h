/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_LAUNCH_H
#define PROCESS_LAUNCH_H

/*
 * What a process needs that begins as a new program: all that a forked one has in its
 * memory. A block of the heap, freed with the process.
 */

#include "log/state.h"
#include "process/object.h"
#include "process/reference.h"

enum launch_what { LAUNCH_NOTHING, LAUNCH_TARGET, LAUNCH_CALL, LAUNCH_RUN };

struct launch {
	brood_process *process;
	enum launch_what what;
	reference function;
	pid_t parent;
	bool dies_with_parent;
	int given; /* a descriptor that it inherits: what given_pack() has packed; or -1 */
	brood_bytes family_key;
	const char *method; /* the parent's default; may be NULL */
	log_state log;
	char storage[]; /* of what these point to */
};

/* The launch of a process, owned by its slot; NULL with errno and a sentence. */
struct launch *launch_new(const brood_process *process);

/* Gives back that of a process that has not started after all. */
void launch_free(brood_process *process);

/* Whether one could be made: 0, or -EINVAL with a sentence. */
int launch_check(const brood_process *process);

/* In the new process: becomes the process, runs its target, and ends. */
void launch_resume(const struct launch *launch) BROOD_NORETURN;

#endif
