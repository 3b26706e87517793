/* SPDX-License-Identifier: MIT */
/*
 * How a process ended: 0, the code that it exited with (1 after an error that
 * nobody caught), or minus the number of the signal that killed it.
 */

#include <stdio.h>
#include <stdlib.h>

#include "brood/brood.h"

static void exit_error(void)
{
	exit(1);
}

static void exit_ok(void) {}

static void return_value(void)
{
	int value = 1; /* goes nowhere: targets return nothing */
	(void)value;
}

static void raises(void)
{
	brood_raise("RuntimeError", "There was an error!");
}

static void terminated(void)
{
	brood_sleep(3);
}

static brood_process *start(const char *name, void (*target)(void))
{
	printf("Starting process for %s\n", name);
	return brood_start(.name = name, .call = target);
}

int main(void)
{
	brood_process *jobs[5];

	brood_init();
	jobs[0] = start("exit_error", exit_error);
	jobs[1] = start("exit_ok", exit_ok);
	jobs[2] = start("return_value", return_value);
	jobs[3] = start("raises", raises);
	jobs[4] = start("terminated", terminated);
	brood_process_terminate(jobs[4]);

	for (int i = 0; i < 5; i++) {
		brood_process_join(jobs[i]);
		printf("%s.exitcode = %d\n", brood_process_name(jobs[i]),
		       brood_process_exitcode(jobs[i]));
	}
}
