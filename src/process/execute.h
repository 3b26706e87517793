/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_EXECUTE_H
#define PROCESS_EXECUTE_H

#include "heap/table.h"

/*
 * Runs the program anew, as a process of the family: with this place in the process table, and
 * with message, a pointer into the heap, for its join_message(). It inherits the standard streams
 * (input empty), the heap's descriptor and, if it is not negative, `kept` with its number;
 * environment, directory, and what else exec keeps (limits, priority, credentials, ignored signals
 * but for SIGCHLD).
 *
 * Returns a pidfd, with *ret_pid, or a negative errno with its sentence, which calls the process by
 * `name`.
 */
struct execution {
	table_place place;
	const void *message;
	int kept;
	const char *name;
	/* Signals that it ignores from its first instruction on. */
	const int *ignored;
	int ignored_count;
	bool keep_mask; /* the calling thread's signal mask; else no signal is blocked */
};
int execute_program(const struct execution *what, pid_t *ret_pid);

#endif
