/* SPDX-License-Identifier: MIT */
/*
 * Passing an object to another process. The struct is described in one line, so that the
 * queue can copy it, its string included; the worker uses its copy in place and frees it.
 */

#include <stdio.h>

#include "brood/brood.h"

typedef struct {
	const char *name;
} fancy;
BROOD_TYPE(fancy, name);

static void do_something(const fancy *self)
{
	printf("Doing something fancy in %s for %s!\n", brood_name(), self->name);
}

static void worker(void *arg)
{
	brood_queue *q = arg;
	fancy *obj = brood_get(q, fancy);
	do_something(obj);
	brood_free(obj);
}

int main(void)
{
	brood_init();
	brood_queue *q = brood_queue_new();
	brood_process *p = brood_start(.target = worker, .args = BROOD_VALUE(q));

	brood_put(q, fancy, .name = "Fancy Dan");

	/* Wait for the worker to finish. */
	brood_queue_close(q);
	brood_process_join(p);
}
