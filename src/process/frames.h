/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_FRAMES_H
#define PROCESS_FRAMES_H

/*
 * A stack whose calls have names, as text that passes from process to process: a line
 * "stack COMPLETE", then one a call, innermost first, of fields with tabs between:
 *
 *	ADDRESS OFFSET LINE FUNCTION FILE MODULE SOURCE
 */

#include <stdio.h>

#include "brood/report.h"
#include "process/symbols.h"

enum { FRAMES_MAX = 1024 };

typedef struct frames {
	brood_frame *items; /* outermost first */
	int count;
	bool complete; /* the outermost is where the stack begins */
	char *text;    /* that the strings are in */
} frames;

/* Writes the first line, and one of a call. */
void frames_begin(FILE *out, bool complete);
void frames_write(FILE *out, uint64_t address, const symbol *at);

/*
 * Reads such text, up to the first line that is not of this form; takes the malloc()ed text
 * over, also on failure. Returns 0 or -ENOMEM.
 */
int frames_read(char *text, frames *ret);
void frames_clear(frames *stack);

/* Prints them in Python's form; the last that is shown between these (terminal escapes, or ""). */
void frames_print(FILE *out, const frames *stack, const char *before_last, const char *after_last);

#endif
