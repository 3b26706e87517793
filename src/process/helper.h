/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_HELPER_H
#define PROCESS_HELPER_H

#include <stdio.h>

/*
 * Runs work(arg, out) in a process forked for it, with limits: ten seconds, 512 MiB of
 * memory more than this process has, no core dump. Returns what it wrote, malloc()ed, as far as it
 * came; NULL when that is nothing. Also where SIGCHLD is ignored or handled, the program does not
 * learn of it while it has one thread.
 */
char *helper_run(void (*work)(const void *arg, FILE *out), const void *arg);

#endif
