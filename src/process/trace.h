/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_TRACE_H
#define PROCESS_TRACE_H

#include <stdint.h>

/* A function that calls the program's: there a traceback ends. Such functions lie in a section of
 * their own, whose bounds the linker gives. */
#define TRACE_ENDS_HERE __attribute__((section("brood_calls_targets"), noinline))

/* Where that section lies in this process. Async-signal-safe. */
void trace_targets(uint64_t *ret_start, uint64_t *ret_end);

/*
 * The calling thread's stack as the lines of frames.h, from (and without) the frame that called
 * the target, the finalizer, main, or another function for the C library, down to the
 * one that called the function returning to innermost; that one alone when the stack
 * cannot be read. Returns malloc()ed text, or NULL.
 */
char *trace_lines(const void *innermost);

#endif
