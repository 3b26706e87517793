/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_TRACE_H
#define PROCESS_TRACE_H

/*
 * The calling thread's stack as text, in Python's form, innermost call last:
 *
 *	Traceback (most recent call last):
 *	  File "exitcode.c", line 24, in raises
 *	    brood_raise("RuntimeError", "There was an error!");
 *
 * from (and without) the frame that called the target, or main, down to the one that
 * called the function returning to innermost. Where debug information is missing
 * a frame reads `File "program", in raises+0x1c`. Returns malloc()ed text, or NULL.
 */
char *trace_text(const void *innermost);

#endif
