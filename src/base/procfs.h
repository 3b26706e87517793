/* SPDX-License-Identifier: MIT */
#ifndef BASE_PROCFS_H
#define BASE_PROCFS_H

/*
 * Other processes, as /proc shows them. Each reading is of the moment: the process may be gone, and
 * another have its pid, before the caller looks at the answer. A second reading that gives the same
 * start time shows that all between was about one process.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct proc_stat {
	char state;  /* as ps shows it: R running, T stopped, Z ended and not reaped, ... */
	bool ending; /* it has ended, or its last thread is on its way out */
	pid_t parent;
	pid_t session;
	int threads;
	uint64_t started; /* clock ticks since boot */
} proc_stat;

/* Returns 0, -ESRCH when there is no such process, or another negative errno. */
int proc_read_stat(pid_t pid, proc_stat *ret);

/* Whether no thread of the process runs program code: it is stopped, in the middle of a wait in the
 * kernel that no signal ends, or gone. */
bool proc_at_rest(pid_t pid);

/* Whether a file of the process in /proc ("maps", "environ") contains the text, of at most 255
 * bytes; false when it must not be read. */
bool proc_contains(pid_t pid, const char *file, const char *text);

/* Calls visit for each process, with rising pids, those that start meanwhile included. Returns 0,
 * or a negative errno when /proc cannot be read. */
int proc_each(void (*visit)(pid_t pid, void *data), void *data);

/* Calls visit for each entry of a folder that is a number, but 0, until it says no. Returns 0, or a
 * negative errno. Only system calls, made in place: for a clone that shares its parent's memory,
 * too. */
int proc_each_number(const char *path, bool (*visit)(int number, void *data), void *data);

#endif
