/* SPDX-License-Identifier: MIT */
/*
 * What the library is doing, on standard error: one call, and a process and then
 * the main program tell of the steps of their lives.
 */

#include <stdio.h>

#include "brood/brood.h"

static void worker(void)
{
	puts("Doing some work");
	fflush(stdout);
}

int main(void)
{
	brood_init();
	brood_log_to_stderr(BROOD_LOG_DEBUG);
	brood_process_join(brood_start(.call = worker));
}
