/* SPDX-License-Identifier: MIT */
/*
 * Several consumers of one queue of tasks, which send what they find through another. A
 * poison pill for each tells it to end; brood_queue_join() waits for all tasks to be done.
 */

#include <stdio.h>

#include "brood/brood.h"

enum { CONSUMERS = 4, TASKS = 10 };

typedef struct {
	int a, b;
} task;
BROOD_TYPE(task, a, b);

typedef struct {
	brood_queue *tasks, *results;
} queues;
BROOD_TYPE(queues, tasks, results);

static void consumer(brood_process *self)
{
	const queues *to = brood_process_arg(self);
	for (task *next; (next = brood_get(to->tasks, task)); brood_free(next)) {
		char answer[64];
		printf("%s: %d * %d\n", brood_process_name(self), next->a, next->b);
		brood_sleep(0.1); /* pretend to take some time to do the work */
		snprintf(answer, sizeof(answer), "%d * %d = %d", next->a, next->b,
			 next->a * next->b);
		brood_queue_task_done(to->tasks);
		brood_put_value(to->results, BROOD_VALUE(answer));
	}
	/* The poison pill means shutdown. */
	printf("%s: Exiting\n", brood_process_name(self));
	brood_queue_task_done(to->tasks);
}

int main(void)
{
	brood_init();
	queues to = {brood_queue_new(.joinable = true), brood_queue_new()};

	printf("Creating %d consumers\n", CONSUMERS);
	for (int i = 0; i < CONSUMERS; i++)
		brood_start(.class_name = "Consumer", .run = consumer,
			    .args = BROOD_POINTED(queues, &to));

	for (int i = 0; i < TASKS; i++)
		brood_put(to.tasks, task, .a = i, .b = i);
	for (int i = 0; i < CONSUMERS; i++)
		brood_put_value(to.tasks, BROOD_NONE);

	brood_queue_join(to.tasks);

	for (int i = 0; i < TASKS; i++) {
		char *result = brood_get(to.results, brood_string);
		printf("Result: %s\n", result);
		brood_free(result);
	}
}
