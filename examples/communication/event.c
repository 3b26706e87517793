/* SPDX-License-Identifier: MIT */
/*
 * Signals between processes: an event is set once, and processes wait for it, one of
 * them for a limited time only.
 */

#include <stdio.h>

#include "brood/brood.h"

static const char *truth(bool value)
{
	return value ? "True" : "False";
}

static void wait_for_event(void *arg)
{
	brood_event *e = arg;
	printf("wait_for_event: starting\n");
	brood_event_wait(e);
	printf("wait_for_event: e.is_set()-> %s\n", truth(brood_event_is_set(e)));
}

static void wait_for_event_timeout(void *arg)
{
	brood_event *e = arg;
	printf("wait_for_event_timeout: starting\n");
	brood_event_wait_timed(e, 2);
	printf("wait_for_event_timeout: e.is_set()-> %s\n", truth(brood_event_is_set(e)));
}

int main(void)
{
	brood_init();
	brood_event *e = brood_event_new();
	brood_start(.name = "block", .target = wait_for_event, .args = BROOD_VALUE(e));
	brood_start(.name = "nonblock", .target = wait_for_event_timeout, .args = BROOD_VALUE(e));

	printf("main: waiting before calling Event.set()\n");
	brood_sleep(3);
	brood_event_set(e);
	printf("main: event is set\n");
}
