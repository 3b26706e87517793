/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_TRACE_H
#define PROCESS_TRACE_H

/* A function that calls the program's: there a traceback ends. Such functions lie in a section of
 * their own, whose bounds the linker gives. */
#define TRACE_ENDS_HERE __attribute__((section("brood_calls_targets"), noinline))

/*
 * The calling thread's stack as text, in Python's form, innermost call last:
 *
 *	Traceback (most recent call last):
 *	  File "exitcode.c", line 24, in raises
 *	    brood_raise("RuntimeError", "There was an error!");
 *
 * from (and without) the frame that called the target, the finalizer, main, or another
 * function for the C library, down to the one that called the function returning to
 * innermost; that one alone when the stack cannot be read. Where debug information is missing
 * a frame reads `File "program", in raises+0x1c`. Returns malloc()ed text, or NULL.
 */
char *trace_text(const void *innermost);

#endif
