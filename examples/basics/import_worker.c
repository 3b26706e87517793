/* SPDX-License-Identifier: MIT */
/*
 * The module that import_main.c names: a target that is found by its name is
 * visible outside, and takes an argument whether it uses it or not.
 */

#include <stdio.h>

void worker(void *arg);

void worker(void *arg)
{
	(void)arg;
	puts("Worker");
}
