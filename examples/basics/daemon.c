/* SPDX-License-Identifier: MIT */
/*
 * Daemons: the program waits for its ordinary process and not for the daemonic
 * one, which is terminated before the program ends and so never says Exiting.
 */

#include <stdio.h>
#include <unistd.h>

#include "brood/brood.h"

static void say(const char *what)
{
	printf("%s %s %d\n", what, brood_name(), (int)getpid());
	fflush(stdout);
}

static void daemon_worker(void)
{
	say("Starting:");
	brood_sleep(2);
	say("Exiting :");
}

static void non_daemon(void)
{
	say("Starting:");
	say("Exiting :");
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
}
