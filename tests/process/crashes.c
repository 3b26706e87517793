/* SPDX-License-Identifier: MIT */

#include "crashes.h"

#include <assert.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Not inlined, so that each has a frame of its own in every build, and no tail calls. */
#define FRAME __attribute__((noinline))
#define STAY  __asm__ volatile("" ::: "memory")

static int *volatile null_pointer;
static void (*volatile null_function)(void);
static volatile int zero;

FRAME void crash_write(void)
{
	*null_pointer = 1;
	STAY;
}

FRAME void crash_call(void)
{
	null_function();
	STAY;
}

FRAME static int recurse(volatile char *before, int depth)
{
	volatile char here[200];
	here[0] = (char)(*before + 1);
	return depth < 0 ? 0 : recurse(here, depth + 1) + here[0];
}

FRAME void crash_stack(void)
{
	char first = 0;
	recurse(&first, 0);
	STAY;
}

FRAME void crash_abort(void)
{
	abort();
}

FRAME void crash_assert(void)
{
	assert(zero == 1);
	STAY;
}

FRAME void crash_free_twice(void)
{
	void *volatile block = malloc(100000);
	/* Beyond what is cached, and below what is mapped by itself. */
	void *volatile behind = malloc(64);
	free(block);
	free(block);
	free(behind);
	STAY;
}

FRAME void crash_malloc(void)
{
	/* What is behind it is free, and its size not what malloc() left there. */
	char *volatile block = malloc(120000);
	memset(block + malloc_usable_size(block), 0xff, 8);
	void *volatile more = malloc(120000);
	free(more);
	STAY;
}

FRAME void crash_divide(void)
{
	volatile int result = 1000 / zero;
	(void)result;
	STAY;
}

FRAME void crash_misaligned(void)
{
	static char bytes[64] __attribute__((aligned(16)));
#ifdef __x86_64__
	__asm__ volatile("movaps %%xmm0, (%0)" ::"r"(bytes + 1) : "memory");
#endif
	(void)bytes;
	STAY;
}

FRAME void crash_without_descriptors(void)
{
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64});
	while (dup(STDERR_FILENO) >= 0)
		continue;
	crash_write();
	STAY;
}

FRAME void crash_bus(void)
{
	int file = memfd_create("short", MFD_CLOEXEC);
	if (ftruncate(file, 8192) != 0)
		return;
	volatile char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (ftruncate(file, 0) == 0)
		memory[4096] = 1;
	STAY;
}

FRAME void crash_illegal(void)
{
	__builtin_trap();
}

static void *in_thread(void *function)
{
	brood_thread_setup();
	(*(void (**)(void))function)();
	STAY;
	return NULL;
}

static void run_in_thread(void (*function)(void))
{
	pthread_t thread;
	pthread_create(&thread, NULL, in_thread, &function);
	pthread_join(thread, NULL);
}

void crash_thread(void)
{
	run_in_thread(crash_write);
}

void crash_thread_stack(void)
{
	run_in_thread(crash_stack);
}

FRAME static int recurse_in_large_frames(int depth)
{
	volatile char large[200000];
	large[0] = (char)depth;
	if (depth < 30)
		return recurse_in_large_frames(depth + 1) + large[0];
	crash_write();
	return large[0];
}

void crash_large_frames(void)
{
	recurse_in_large_frames(0);
	STAY;
}

void crash_plugin(void)
{
	void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
	void (*function)(int *);
	*(void **)&function = plugin ? dlsym(plugin, "plugin_crash") : NULL;
	if (function)
		function(null_pointer);
	STAY;
}

static void in_callback(int *pointer)
{
	*pointer = 1;
	STAY;
}

void crash_callback(void)
{
	void *plugin = dlopen(BARE_PLUGIN, RTLD_NOW | RTLD_LOCAL);
	void (*function)(void (*)(int *), int *);
	*(void **)&function = plugin ? dlsym(plugin, "plugin_call") : NULL;
	if (function)
		function(in_callback, null_pointer);
	STAY;
}

FRAME static void on_signal(int signal)
{
	(void)signal;
	crash_write();
	STAY;
}

FRAME void crash_handler_of_signal(void)
{
	signal(SIGUSR1, on_signal);
	raise(SIGUSR1);
	STAY;
}

void crash_on_another_stack(void)
{
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal, .sa_flags = SA_ONSTACK},
		  NULL);
	raise(SIGUSR1);
	STAY;
}

FRAME void crash_large_frame(void)
{
	volatile char large[2000000];
	large[0] = large[sizeof(large) - 1] = 1;
	crash_write();
	large[1] = 1;
	STAY;
}

FRAME void crash_in_library(void)
{
	volatile size_t length = strlen((const char *)null_pointer + 8);
	(void)length;
	STAY;
}

void crash_sent(void)
{
	kill(getpid(), SIGSEGV);
	pause();
}
