/* SPDX-License-Identifier: MIT */
/*
 * Limiting how many processes work at a time. The names of those that do stand in a list that all
 * share; the semaphore lets three of them in.
 */

#include <stdio.h>

#include "brood/brood.h"

enum { JOBS = 10, AT_A_TIME = 3 };

typedef struct {
	brood_semaphore *limit;
	brood_list *active;
} active_pool;
BROOD_TYPE(active_pool, limit, active);

static void worker(void *arg)
{
	const active_pool *pool = arg;
	BROOD_WITH(pool->limit)
	{
		brood_list_append(pool->active, brood_name());
		printf("Now running: %s\n", brood_list_repr(pool->active));
		brood_sleep(0.1 + 0.1 * (brood_process_pid(brood_current_process()) % 3));
		brood_list_remove(pool->active, brood_name());
	}
}

int main(void)
{
	brood_init();
	const active_pool pool = {brood_semaphore_new(AT_A_TIME), brood_list_new()};
	brood_process *jobs[JOBS];
	for (int i = 0; i < JOBS; i++) {
		char name[12];
		snprintf(name, sizeof(name), "%d", i);
		jobs[i] = brood_start(.target = worker, .name = name,
				      .args = BROOD_POINTED(active_pool, &pool));
	}

	for (int i = 0; i < JOBS; i++) {
		brood_process_join(jobs[i]);
		printf("Now running: %s\n", brood_list_repr(pool.active));
	}
}
