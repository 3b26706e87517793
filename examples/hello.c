/* SPDX-License-Identifier: MIT */
/* The program that README.md shows. */

#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	int id;
	const char *path;
} job;
BROOD_TYPE(job, id, path);

static void worker(void *arg)
{
	const job *j = arg;
	printf("%s has job %d: %s\n", brood_name(), j->id, j->path);
}

int main(void)
{
	brood_init();
	brood_start(.target = worker, .args = BROOD_ARGS(job, .id = 1, .path = "a.txt"));
	brood_start(.target = worker, .args = BROOD_ARGS(job, .id = 2, .path = "b.txt"));
}
