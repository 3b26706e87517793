/* SPDX-License-Identifier: MIT */
/* A dictionary that all processes share: what the children put in, the parent finds. */

#include <stdio.h>

#include "brood/brood.h"

enum { JOBS = 10 };

typedef struct {
	brood_dict *d;
	int key, value;
} entry;
BROOD_TYPE(entry, d, key, value);

static void worker(void *arg)
{
	const entry *e = arg;
	brood_dict_set(e->d, e->key, e->value);
}

int main(void)
{
	brood_init();
	brood_dict *d = brood_dict_new();
	brood_process *jobs[JOBS];
	for (int i = 0; i < JOBS; i++)
		jobs[i] = brood_start(.target = worker,
				      .args = BROOD_ARGS(entry, .d = d, .key = i, .value = i * 2));
	for (int i = 0; i < JOBS; i++)
		brood_process_join(jobs[i]);
	printf("Results: %s\n", brood_dict_repr(d));
}
