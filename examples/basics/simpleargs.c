/* SPDX-License-Identifier: MIT */
/*
 * Arguments: each process gets a number, copied when the process is made. The
 * target is given a pointer to its own copy. The lines come in any order.
 */

#include <stdio.h>

#include "brood/brood.h"

static void worker(void *arg)
{
	const int *num = arg;
	printf("Worker: %d\n", *num);
}

int main(void)
{
	brood_init();
	for (int i = 0; i < 5; i++)
		brood_start(.target = worker, .args = BROOD_VALUE(i));
}
