/* SPDX-License-Identifier: MIT */
/* Seeds for fuzz_load: a value of each type. */

#include "fuzz_types.h"
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct seed {
	const char *name;
	enum fuzz_type type;
	brood_value value;
} seed;

static int do_seed(const char *directory, const seed *s, seed_action *action)
{
	char path[4096];
	void *data;
	size_t size;
	snprintf(path, sizeof(path), "%s/%s", directory, s->name);
	if (brood_dump(s->value, &data, &size) < 0) {
		fprintf(stderr, "%s: %s\n", s->name, brood_error());
		return 1;
	}
	uint8_t *input = malloc(size + 1);
	if (!input)
		abort();
	input[0] = (uint8_t)s->type;
	memcpy(input + 1, data, size);
	int failed = action(path, input, size + 1);
	free(input);
	free(data);
	return failed;
}

int fuzz_seeds(const char *directory, seed_action *action)
{
	char bytes[] = {1, 0, 2}, word[] = "leaf";
	const brood_bytes some = {bytes, sizeof(bytes)}, blobs[] = {some, {NULL, 0}};
	const point points[] = {{'a', 1, "one", {true, false, true}}, {'b', -2.5, NULL, {false}}};
	const char *words[] = {"", "two", NULL};
	const float values[] = {1, 2, 3};
	const uint64_t weights[] = {4, 5, 6};
	const bool flags[] = {true, false};
	const tree leaves[] = {{.number = 3, .label = word}, {.number = 4}};
	const tree inner[] = {{1, (tree *)(uintptr_t)leaves, 2, NULL}, {.number = 2}};
	const job full = {
		.kind = 1,
		.path = "path",
		.name = "name",
		.data = some,
		.where = points[0],
		.corners = {points[1], points[0]},
		.items = (point *)(uintptr_t)points,
		.n_items = 2,
		.words = words,
		.n_words = 3,
		.values = (float *)(uintptr_t)values,
		.weights = (uint64_t *)(uintptr_t)weights,
		.n_values = 3,
		.flags = (bool *)(uintptr_t)flags,
		.n_flags = 2,
		.blobs = (brood_bytes *)(uintptr_t)blobs,
		.n_blobs = 2,
		.names = {"x", NULL},
	};
	const seed seeds[] = {
		{"job-full", FUZZ_JOB, BROOD_POINTED(job, &full)},
		{"job-empty", FUZZ_JOB, BROOD_ARGS(job, .kind = 0)},
		{"job-none", FUZZ_JOB, BROOD_NONE},
		{"tree", FUZZ_TREE,
		 BROOD_ARGS(tree, .children = (tree *)(uintptr_t)inner, .n_children = 2)},
		{"leaf", FUZZ_TREE, BROOD_POINTED(tree, &leaves[0])},
		{"point", FUZZ_POINT, BROOD_POINTED(point, &points[0])},
		{"string", FUZZ_STRING, BROOD_VALUE("text")},
		{"string-null", FUZZ_STRING, BROOD_VALUE((char *)NULL)},
		{"bytes", FUZZ_BYTES, BROOD_VALUE(some)},
		{"bytes-empty", FUZZ_BYTES, BROOD_VALUE(blobs[1])},
		{"bool", FUZZ_BOOL, BROOD_VALUE(flags[0])},
	};
	int failed = 0;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++)
		failed += do_seed(directory, &seeds[i], action);
	return failed;
}
