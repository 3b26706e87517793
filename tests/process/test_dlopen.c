/* SPDX-License-Identifier: MIT */
/* The library as a part of a plugin: loaded by a running program that is not linked to it. */

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "brood/brood.h"

static void work(void)
{
	_exit(5);
}

static void *library;

/* As POSIX has it: the cast of a data pointer is not ISO C. */
#define FIND(name)                     \
	__typeof__(&name) find_##name; \
	*(void **)&find_##name = dlsym(library, #name)

static int run_one(void)
{
	FIND(brood_start_with);
	FIND(brood_process_join);
	FIND(brood_process_exitcode);
	FIND(brood_process_free);
	FIND(brood_error);
	brood_process *process = find_brood_start_with(&(brood_process_options){
		.size = sizeof(brood_process_options), .call = work, .start_method = "fork"});
	int r = process ? find_brood_process_join(process) : -1;
	if (r == 0 && find_brood_process_exitcode(process) != 5)
		r = -1;
	if (r < 0)
		fprintf(stderr, "%s\n", find_brood_error());
	find_brood_process_free(process);
	return r;
}

/* Each thread has its sentence and its place in the heap, and ends without leaving them. */
static void *use(void *result)
{
	FIND(brood_alloc);
	FIND(brood_free);
	FIND(brood_error);
	void *block = find_brood_alloc(100);
	bool good = !*find_brood_error() && block && find_brood_free(block) == 0;
	good = good && find_brood_free(result) < 0 && strstr(find_brood_error(), "no block");
	*(bool *)result = good;
	return NULL;
}

static int run_threads(void)
{
	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		bool good = false;
		pthread_create(&thread, NULL, use, &good);
		pthread_join(thread, NULL);
		if (!good)
			return -1;
	}
	return 0;
}

int main(void)
{
	library = dlopen(LIBRARY, RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	return run_one() < 0 || run_threads() < 0;
}
