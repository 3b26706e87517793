/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FORKSERVERS_H
#define TESTS_FORKSERVERS_H

#include <sys/types.h>

#include "brood/process.h"

/* Joins and frees; 99, with the sentence on standard error, when there is no process. */
int code_of(brood_process *p);

/* By the start method forkserver. */
int run_here(void (*call)(void));

/* This process's children of that name, "brood-server" or "brood-warm"; at most max. */
int find_children(const char *comm, pid_t *found, int max);

/* Waits until there is one; 0 when none comes. */
pid_t find_child(const char *comm);

#endif
