/* SPDX-License-Identifier: MIT */
/*
 * The smallest use: a function without arguments, run by five processes. Nobody
 * joins them, and yet the program ends only when all of them have.
 */

#include <stdio.h>

#include "brood/brood.h"

static void worker(void)
{
	puts("Worker");
}

int main(void)
{
	brood_init();
	for (int i = 0; i < 5; i++)
		brood_start(.call = worker);
}
