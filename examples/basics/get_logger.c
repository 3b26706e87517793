/* SPDX-License-Identifier: MIT */
/*
 * The logger itself: log_to_stderr without a level leaves the library silent,
 * and the level is set on the logger, here to hide the details.
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
	brood_log_to_stderr(BROOD_LOG_NOTSET);
	brood_logger_set_level(brood_get_logger(), BROOD_LOG_INFO);
	brood_process_join(brood_start(.call = worker));
}
