/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_EXIT_H
#define PROCESS_EXIT_H

/*
 * The end of a process that ends by itself (return, exit(), brood_raise()): its
 * finalizers, its children, its last lines in the log.
 */

#include <stdbool.h>

/* For the program itself: shutting down is what exit() does after the program's own handlers. */
void exit_register_main(void);

/*
 * For a process of brood's: exit() runs the process's own handlers, then ends
 * the process here, before any that it inherited.
 */
void exit_register_child(void);

/* A brood_raise() is on its way to exit(): what to print once the process has shut down, behind
 * that of an earlier one. Takes the malloc()ed text over. */
void exit_set_traceback(char *text);

/*
 * For brood_raise(): returns unless the process is ending already. Then the calling thread
 * does not: the one that ends it gets on with that, and the exit code is 1.
 */
void exit_fail_if_ending(void);

/* Whether the calling thread may start no process any more: another one is ending this one. */
bool exit_refuses_start(void);

/* A process that had no part in its parent's end begins at the beginning. */
void exit_begin_anew(void);

#endif
