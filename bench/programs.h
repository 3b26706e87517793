/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROGRAMS_H
#define BENCH_PROGRAMS_H

/* Peers of bench/queue that are programs of their own and measure themselves. */

#include <stdbool.h>
#include <stddef.h>

typedef struct program {
	const char *name;
	const char *path;    /* absent unless it can be run */
	const char *command; /* its path, how many processes, its script */
	const char *script;
	int share; /* it sends so many times fewer */
} program;

extern const program programs[];
extern const int n_programs;

/* Its figures; false when there are none. kind: "throughput" or "trips". */
bool program_run(const program *p, const char *kind, int pairs, size_t size, long count, double *a,
		 double *b);

#endif
