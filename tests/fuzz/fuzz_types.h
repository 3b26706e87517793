/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_TYPES_H
#define TESTS_FUZZ_TYPES_H

/*
 * The types that the fuzzer loads, every kind of field among them. An input's
 * first byte selects one; what follows is what brood_load_as() gets.
 */

#include "brood/type.h"

typedef struct point {
	char tag;
	double x;
	const char *label;
	bool set[3];
} point;
BROOD_TYPE(point, tag, x, label, set);

typedef struct job {
	uint8_t kind;
	const char *path;
	char name[5];
	brood_bytes data;
	point where;
	point corners[2];
	point *items;
	short n_items;
	const char **words;
	unsigned n_words;
	float *values;
	uint64_t *weights;
	int64_t n_values;
	bool *flags;
	uint8_t n_flags;
	brood_bytes *blobs;
	int n_blobs;
	brood_queue *queue;
	void *shared;
	const char *names[2];
} job;
BROOD_TYPE(job, kind, path, name, data, BROOD_NESTED(point, where), BROOD_NESTED(point, corners),
	   BROOD_MANY(point, items, n_items), BROOD_MANY(brood_string, words, n_words),
	   BROOD_COUNTED(float, values, n_values), BROOD_COUNTED(uint64_t, weights, n_values),
	   n_values, BROOD_MANY(bool, flags, n_flags), BROOD_MANY(brood_bytes, blobs, n_blobs),
	   queue, BROOD_SHARED(shared), names);

typedef struct tree {
	short number;
	struct tree *children;
	int n_children;
	char *label;
} tree;
BROOD_TYPE(tree, number, BROOD_MANY(tree, children, n_children), label);

enum fuzz_type { FUZZ_JOB, FUZZ_TREE, FUZZ_POINT, FUZZ_STRING, FUZZ_BYTES, FUZZ_BOOL, FUZZ_TYPES };

static const brood_type *const fuzz_types[FUZZ_TYPES] = {
	&brood_type_job,	  &brood_type_tree,	   &brood_type_point,
	&brood_type_brood_string, &brood_type_brood_bytes, &brood_type_bool,
};

#endif
