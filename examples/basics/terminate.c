/* SPDX-License-Identifier: MIT */
/*
 * Terminating a process, and what its object says at each step. Terminating only
 * sends the signal: it is the join after it that lets the object catch up.
 */

#include <stdio.h>

#include "brood/brood.h"

static void slow_worker(void)
{
	puts("Starting worker");
	brood_sleep(0.1);
	puts("Finished worker");
}

static void show(const char *when, brood_process *p)
{
	printf("%s: %s %s\n", when, brood_process_repr(p),
	       brood_process_is_alive(p) ? "True" : "False");
}

int main(void)
{
	brood_init();
	brood_process *p = brood_process_new(.call = slow_worker);
	show("BEFORE", p);

	brood_process_start(p);
	show("DURING", p);

	brood_process_terminate(p);
	show("TERMINATED", p);

	brood_process_join(p);
	show("JOINED", p);
}
