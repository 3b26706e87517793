/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_CRASH_H
#define PROCESS_CRASH_H

/* The signals of a crash, in a process that is to leave a record of it. */

#include <signal.h>
#include <stdbool.h>

/* Enough for the frames of today's processors (with AVX-512 and AMX, 11 KiB) and the heap. */
enum { CRASH_STACK_SIZE = 65536 };

/* In a process that starts others, once: what they are to find when they crash. */
void crash_prepare(void);

/*
 * In a new process: from now on the signals of crashes that are left to their default
 * are caught, or, if not wanted, are not, also where the parent's were. Costs eight
 * system calls and writes to no memory.
 */
void crash_begin(bool wanted);

/* Writes down what happened, and lets the process die of it. */
void crash_handler(int signal, siginfo_t *info, void *context);
void crash_handler_prepare(void);

#endif
