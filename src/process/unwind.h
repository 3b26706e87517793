/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_UNWIND_H
#define PROCESS_UNWIND_H

#include <stdio.h>

#include "process/crash_record.h"

/*
 * Finds the calls on the stack of a crash and their names, and writes them as frames.h says. Reads
 * debug information and loads a library: for a helper process (helper.h).
 */
void unwind_write(const struct crash_record *record, FILE *out);

/* The same of the program counter and the frame pointers alone, without names: for where
 * that process failed. */
void unwind_write_bare(const struct crash_record *record, FILE *out);

#endif
