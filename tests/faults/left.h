/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_LEFT_H
#define TESTS_FAULTS_LEFT_H

/* What an operation must not leave behind. */

#include <stddef.h>
#include <stdint.h>

#include "brood/base.h"

typedef struct left {
	size_t descriptors;
	size_t blocks;	    /* of the heap */
	size_t slots;	    /* of the process table */
	size_t allocations; /* of the C library */
	uint64_t signals_blocked;
	long long written; /* to standard error */
} left;

left left_now(void);

/* Writes to the descriptor that left_begin() has kept, and counts one failure at each line's end.
 */
void complain(const char *format, ...) BROOD_PRINTF(1, 2);

/* Adds what has been written to standard error since the last time. */
void complain_what_was_said(void);

extern int complaints;
extern bool complaining; /* false: nothing is written or counted */

/* Gives the process a standard error of its own, whose length can be told. */
void left_begin(void);

#endif
