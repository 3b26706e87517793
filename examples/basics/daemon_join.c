/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a daemon: joined like any other process, it comes to its end and
 * says Exiting before the program goes on.
 */

#include <stdio.h>

#include "brood/brood.h"

static void daemon_worker(void)
{
	printf("Starting: %s\n", brood_name());
	brood_sleep(2);
	printf("Exiting : %s\n", brood_name());
}

static void non_daemon(void)
{
	printf("Starting: %s\n", brood_name());
	printf("Exiting : %s\n", brood_name());
}

int main(void)
{
	brood_init();
	brood_process *d =
		brood_process_new(.name = "daemon", .call = daemon_worker, .daemon = true);
	brood_process *n = brood_process_new(.name = "non-daemon", .call = non_daemon);

	brood_process_start(d);
	brood_sleep(1);
	brood_process_start(n);

	brood_process_join(d);
	brood_process_join(n);
}
