/* SPDX-License-Identifier: MIT */
/*
 * Waiting for so long and no longer: after one second the join of a daemon that
 * needs two gives up, and is_alive tells that the daemon has not ended.
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
	brood_process_start(n);

	brood_process_join_timed(d, 1);
	printf("d.is_alive() %s\n", brood_process_is_alive(d) ? "True" : "False");
	brood_process_join(n);
}
