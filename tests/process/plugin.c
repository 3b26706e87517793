/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <unistd.h>

/* Where it was loaded. */
static pid_t loaded_in;

__attribute__((constructor)) static void begin(void)
{
	loaded_in = getpid();
}

void plugged(void *arg);
void plugged(void *arg)
{
	printf("plugged %d\n", *(int *)arg);
}

/* Exits with 1 when it was loaded before the process began. */
void loaded_before(void *arg);
void loaded_before(void *arg)
{
	(void)arg;
	_exit(loaded_in != getpid());
}
