/* SPDX-License-Identifier: MIT */
#ifndef BASE_PIDREF_H
#define BASE_PIDREF_H

/*
 * A process named so that a recycled pid is never taken for it: the pid, and a
 * time by which it had started (clock ticks since boot, as /proc/PID/stat counts
 * them). Another process under this pid started later. The process itself notes
 * the time with a clock, which is cheaper than reading its file in /proc.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct pidref {
	pid_t pid;
	uint64_t started;
} pidref;

/* The calling process. */
pidref pidref_self(void);

/* Another process, by a pid that is valid now (a child not yet reaped, a parent). */
pidref pidref_of(pid_t pid);

/*
 * Opens a pidfd and makes sure that it is the process meant. Returns the
 * descriptor; -ESRCH when that process is gone (a zombie is not gone, its pidfd
 * polls as ended); or another negative errno when it cannot be told. Without
 * /proc, or with started 0, the pid alone decides.
 */
int pidref_open(pidref process);

/* Whether the process has certainly ended, reaped or not. */
bool pidref_dead(pidref process);

#endif
