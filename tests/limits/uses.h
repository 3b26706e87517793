/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIMITS_USES_H
#define TESTS_LIMITS_USES_H

/*
 * Short uses of the library, for a process that may not have what they need. Each
 * undoes what it did, whatever was refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "brood/base.h"

/* What a use showed. */
typedef struct shown {
	int err;	    /* with which the first call that failed did so; 0: all worked */
	char sentence[512]; /* that it left */
	int wrong;	    /* expectations that no limit excuses */
} shown;

typedef struct use {
	const char *name;
	void (*run)(void);
	bool starts; /* processes */
} use;
extern const use uses[];
extern const size_t use_count;

/* Runs the use; complaints go to the descriptor of uses_say(). */
shown use_run(const use *one);

/* Expects nothing to be left that was not there when it was last called; at first, with NULL, only
 * looks. Counts in *wrong. */
void uses_left(const char *what, int *wrong);

/* Where all is told: not a standard stream, as these may be the test's matter. */
enum { USES_TELL = 200 };
void uses_say(const char *format, ...) BROOD_PRINTF(1, 2);

/* Waits for a process that tells in this file: its wait status, and what it told. Closes the
 * file. */
int uses_end(pid_t pid, int told, char *text, size_t size);

#endif
