/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_LAUNCH_H
#define PROCESS_LAUNCH_H

/*
 * What a process needs that is no copy of its parent: all that a forked one has in its
 * memory. A block of the heap, freed with the process.
 */

#include <sys/stat.h>

#include "base/reference.h"
#include "base/sigmask.h"
#include "log/state.h"
#include "process/child.h"
#include "process/method.h"

enum launch_what {
	LAUNCH_NOTHING,
	LAUNCH_TARGET,
	LAUNCH_CALL,
	LAUNCH_RUN,
	LAUNCH_SERVER, /* a struct server_birth, server.h */
};

struct launch {
	enum launch_what what;
	brood_process *process;
	const reference *function; /* cut off behind its path */
	pid_t parent;
	int death_signal; /* orphan.h; 0: it outlives its parent */
	int given;	  /* a descriptor that it inherits: what given_pack() has packed; or -1 */
	brood_bytes family_key;
	enum method_number method; /* the parent's default */
	log_state log;

	/* For a process that was made before: what exec would have brought (server.h). */
	table_place place;
	uint64_t mask; /* of the starting thread, as the kernel's sigset_t */
	mode_t umask;
	const char *environment; /* strings, one behind the other; NULL: the server's */
	size_t environment_size;
	_Atomic uint32_t ready; /* by the child: signals sent from now on are the process's own */
	_Atomic uint32_t word;	/* by the parent: enum warm_word */

	_Alignas(reference) char storage[]; /* of what these point to */
};

/* The launch of a process, owned by its slot, with room for an environment of this size. NULL with
 * errno and a sentence. */
struct launch *launch_new(const brood_process *process, size_t environment_size);

/* Gives back that of a process that has not started after all. */
void launch_free(brood_process *process);

/* Whether one could be made: 0, or -EINVAL with a sentence. */
int launch_check(const brood_process *process);

/* In the new process: becomes the process, as far as nobody else sees it. */
void launch_settle(const struct launch *launch, struct birth *ret);

/* Does the rest, with this signal mask (NULL: the one in force): runs its target, and ends. */
void launch_run(const struct launch *launch, struct birth *birth,
		const sigmask *mask) BROOD_NORETURN;

#endif
