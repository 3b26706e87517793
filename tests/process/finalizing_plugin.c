/* SPDX-License-Identifier: MIT */
/* A module with an at-exit function of its own, and a target that leaves a finalizer. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "brood/process.h"

static bool gone;

static void go(void)
{
	gone = true;
	printf("the module goes in %s\n", brood_name());
}

__attribute__((constructor)) static void begin(void)
{
	atexit(go);
}

static void finalize(void *data)
{
	(void)data;
	printf("finalizer of a module that is %s\n", gone ? "gone" : "there");
}

void leaves_a_finalizer(void *arg);
void leaves_a_finalizer(void *arg)
{
	(void)arg;
	brood_finalizer_new(finalize, NULL, 0);
}
