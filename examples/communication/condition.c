/* SPDX-License-Identifier: MIT */
/*
 * Synchronizing work: two processes do the second stage of a job in parallel, once the
 * first stage is done.
 */

#include <stdio.h>

#include "brood/brood.h"

static void stage_1(void *arg)
{
	brood_condition *cond = arg;
	printf("Starting %s\n", brood_name());
	BROOD_WITH(cond)
	{
		printf("%s done and ready for stage 2\n", brood_name());
		brood_condition_notify_all(cond);
	}
}

static void stage_2(void *arg)
{
	brood_condition *cond = arg;
	printf("Starting %s\n", brood_name());
	BROOD_WITH(cond)
	{
		brood_condition_wait(cond);
		printf("%s running\n", brood_name());
	}
}

int main(void)
{
	brood_init();
	brood_condition *condition = brood_condition_new();
	brood_process *s1 =
		brood_process_new(.name = "s1", .target = stage_1, .args = BROOD_VALUE(condition));
	brood_process *s2_clients[2];
	for (int i = 0; i < 2; i++) {
		char name[16];
		snprintf(name, sizeof(name), "stage_2[%d]", i + 1);
		s2_clients[i] = brood_start(.name = name, .target = stage_2,
					    .args = BROOD_VALUE(condition));
	}
	/* Both must wait before the first stage is done: a notify is not remembered. */
	brood_sleep(1);
	brood_process_start(s1);

	brood_process_join(s1);
	for (int i = 0; i < 2; i++)
		brood_process_join(s2_clients[i]);
}
