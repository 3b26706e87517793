/* SPDX-License-Identifier: MIT */
/* An alternate stack for a thread of the program's. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "base/error.h"
#include "brood/report.h"
#include "process/crash.h"

enum { STACK_SIZE = CRASH_STACK_SIZE, GUARD_SIZE = 4096 };

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int key_error;

static void release(void *memory)
{
	const stack_t none = {.ss_flags = SS_DISABLE};
	stack_t now;
	/* The thread may have got another since. */
	if (sigaltstack(NULL, &now) == 0 && now.ss_sp == (char *)memory + GUARD_SIZE)
		sigaltstack(&none, NULL);
	munmap(memory, STACK_SIZE + GUARD_SIZE);
}

static void make_key(void)
{
	key_error = pthread_key_create(&key, release);
}

static int no_stack(void)
{
	return error_set(ENOMEM, "no memory for an alternate stack of this thread");
}

static int use(char *memory)
{
	const stack_t stack = {.ss_sp = memory + GUARD_SIZE, .ss_size = STACK_SIZE};
	mprotect(memory, GUARD_SIZE, PROT_NONE);
	if (pthread_setspecific(key, memory) != 0)
		return -ENOMEM;
	if (sigaltstack(&stack, NULL) == 0)
		return 0;
	pthread_setspecific(key, NULL);
	return -ENOMEM;
}

int brood_thread_setup(void)
{
	stack_t now = {0};
	pthread_once(&once, make_key);
	if (key_error)
		return no_stack();
	if (sigaltstack(NULL, &now) == 0 && !(now.ss_flags & SS_DISABLE))
		return 0;
	char *memory = mmap(NULL, STACK_SIZE + GUARD_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return no_stack();
	if (use(memory) == 0)
		return 0;
	munmap(memory, STACK_SIZE + GUARD_SIZE);
	return no_stack();
}
