/* SPDX-License-Identifier: MIT */
/*
 * Names: two processes are given one, the third gets the default, which counts
 * all processes made so far. A process can ask for its own name anywhere.
 */

#include <stdio.h>

#include "brood/brood.h"

static void worker(void)
{
	printf("%s Starting\n", brood_name());
	brood_sleep(2);
	printf("%s Exiting\n", brood_name());
}

static void my_service(void)
{
	printf("%s Starting\n", brood_name());
	brood_sleep(3);
	printf("%s Exiting\n", brood_name());
}

int main(void)
{
	brood_init();
	brood_process *service = brood_process_new(.name = "my_service", .call = my_service);
	brood_process *worker_1 = brood_process_new(.name = "worker 1", .call = worker);
	brood_process *worker_2 = brood_process_new(.call = worker); /* default name */

	brood_process_start(worker_1);
	brood_process_start(worker_2);
	brood_process_start(service);
}
