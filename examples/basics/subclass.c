/* SPDX-License-Identifier: MIT */
/*
 * A subclass: a class name, from which its processes take theirs, and a run() of
 * its own, which is given the process itself.
 */

#include <stdio.h>

#include "brood/brood.h"

static void run(brood_process *self)
{
	printf("In %s\n", brood_process_name(self));
}

int main(void)
{
	brood_process *jobs[5];

	brood_init();
	for (int i = 0; i < 5; i++)
		jobs[i] = brood_start(.class_name = "Worker", .run = run);
	for (int i = 0; i < 5; i++)
		brood_process_join(jobs[i]);
}
