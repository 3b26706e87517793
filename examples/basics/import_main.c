/* SPDX-License-Identifier: MIT */
/*
 * A target in another module, import_worker.c, which is built into a shared
 * object and found by name. A name can be wrong, so brood_must() says so.
 */

#include "brood/brood.h"

int main(void)
{
	brood_init();
	for (int i = 0; i < 5; i++)
		brood_must(brood_start(.import = "import_worker.so:worker"));
}
