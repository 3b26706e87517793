/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_REPORT_RECORD_H
#define PROCESS_REPORT_RECORD_H

/* What a process leaves behind in the heap, on its way from it to its parent's report. */

#include "process/crash_record.h"
#include "process/object.h"

/* In a process that raises an error: leaves it, unless it has left one before. lines (frames.h)
 * may be NULL. What is too long is cut. */
void record_raised(const char *type, const char *message, const char *lines);

/*
 * In the creator of a process that has ended, before its slot is released: what it left becomes
 * this process's own. Takes only what is a block of the dead process.
 */
void record_take(brood_process *process);

/* The object needs it no more. */
void record_drop(brood_process *process);

/*
 * Copies, as far as they hold together: every string ends, every count and offset is in
 * bounds. *ret is NULL when none was left, or not one of that kind; free(). 0 or -ENOMEM.
 */
int record_crash(const brood_process *process, struct crash_record **ret);

/* The same; the strings are behind one another in *ret, and *ret_lines may be NULL. */
int record_error(const brood_process *process, char **ret, const char **ret_message,
		 const char **ret_lines);

#endif
