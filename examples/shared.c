/* SPDX-License-Identifier: MIT */
/* Data of the program's own in the family's heap: four processes count together. */

#include <stdatomic.h>
#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	atomic_int hits;
} counters;

static void worker(void *arg)
{
	counters *c = arg;
	for (int i = 0; i < 1000; i++)
		atomic_fetch_add(&c->hits, 1);
}

int main(void)
{
	brood_process *workers[4];

	brood_init();
	counters *c = brood_calloc(1, sizeof(*c));
	for (int i = 0; i < 4; i++)
		workers[i] = brood_start(.target = worker, .args = BROOD_SHARE(c));
	for (int i = 0; i < 4; i++)
		brood_process_join(workers[i]);
	printf("%d hits\n", atomic_load(&c->hits));
	brood_free(c);
}
