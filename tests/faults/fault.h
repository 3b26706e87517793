/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_FAULT_H
#define TESTS_FAULTS_FAULT_H

/*
 * Makes the n-th call that can fail do so, or ends the process there.
 *
 * The programs of this folder are linked with --wrap for each function of libc that
 * the library calls and that can fail (wrap.c), and with a build of the library whose
 * system calls in place ask first (base/raw.h). Each such call asks fault_next().
 *
 * The plan lies in memory that all processes of a test share, those started by exec
 * included: they find it by the environment.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

enum fault_where {
	FAULT_HERE,	 /* in the process that arms it, until it disarms it */
	FAULT_ELSEWHERE, /* in all other processes */
};

enum fault_what {
	FAULT_ONCE,
	FAULT_ON, /* from then on all calls of the same function fail */
	FAULT_KILL,
	FAULT_SEGV,
	FAULT_ABORT,
	FAULT_EXIT,
	FAULT_STOP,
};

typedef struct fault_plan {
	enum fault_where where;
	enum fault_what what;
	unsigned at;	 /* counted from 1 */
	unsigned choice; /* which of the errors that the call can have, from 0 */
} fault_plan;

enum { FAULT_EXIT_STATUS = 86 };

typedef struct fault_state {
	_Atomic bool armed;
	pid_t pid; /* that armed it */
	fault_plan plan;
	_Atomic unsigned count;
	_Atomic bool fired;
	_Atomic bool no_such_choice; /* the call was reached, and has fewer errors */
	_Atomic pid_t victim;
	char call[32]; /* that failed */
	int err;
	char operation[64];
	_Atomic unsigned text_used;
	char text[1 << 16]; /* of the calls made while armed, one a line */
} fault_state;

/* The state, made by the first that asks, for it and its children; NULL in a process whose
 * environment names none. */
fault_state *fault_share(void);

void fault_arm(const fault_plan *plan);
void fault_disarm(void);

/* Arms again what fault_disarm() disarmed, with its count. */
void fault_resume(void);

/* The calling process, until it executes another program, is spared. */
void fault_spare(void);

/* The error with which the call is to fail now; 0: with none. errors ends with 0, EINTR is its
 * last, if it has it. */
int fault_next(const char *call, const int *errors);

/* Notes that a call was made while armed. */
void fault_note(const char *text);

#endif
