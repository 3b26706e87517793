/* SPDX-License-Identifier: MIT */
/* A module that starts a thread when it is loaded. */

#include <pthread.h>
#include <unistd.h>

static void *wait_for_ever(void *arg)
{
	pause();
	return arg;
}

__attribute__((constructor)) static void begin(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, wait_for_ever, NULL);
}
