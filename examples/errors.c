/* SPDX-License-Identifier: MIT */
/* What a failure says: a process that cannot be made, and one that is started twice. */

#include <stdio.h>
#include <string.h>

#include "brood/brood.h"

static void worker(void) {}

int main(void)
{
	brood_init();
	brood_process *p = brood_start(.import = "no_such_module.so:worker");
	if (!p)
		printf("no process: %s\n", brood_error());

	p = brood_start(.call = worker);
	int result = brood_process_start(p);
	if (result < 0)
		printf("%s: %s\n", strerror(-result), brood_error());
}
