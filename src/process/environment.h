/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_ENVIRONMENT_H
#define PROCESS_ENVIRONMENT_H

/* This process's environment as one piece of memory: its strings, one behind the other. */

#include <stddef.h>

typedef struct environment {
	char *strings; /* malloc()ed */
	size_t size;
} environment;

/* Takes it down, in place of what was there. Returns 0 or -ENOMEM, without a sentence. */
int environment_note(environment *to);

/* How much room it needs, if it is not what was taken down; else 0. */
size_t environment_changed(const environment *since);

/* Writes it to where there is that much room. */
void environment_copy(char *to);

#endif
