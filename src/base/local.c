/* SPDX-License-Identifier: MIT */
/* Mapped: malloc() may be what a signal has interrupted. */

#include "base/local.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>

_Thread_local local *local_own __attribute__((tls_model("initial-exec")));

static pthread_key_t key;
static bool has_key;

/* What asks later in the thread's end makes it anew, and is called back. */
static void release(void *memory)
{
	local_own = NULL;
	munmap(memory, sizeof(local));
}

/* When the library is loaded: pthread_once() could be interrupted by a handler that comes here. */
__attribute__((constructor)) static void make_key(void)
{
	has_key = pthread_key_create(&key, release) == 0;
}

/* Without a key nobody would free it. */
local *local_make(void)
{
	void *made = MAP_FAILED;
	if (has_key)
		made = mmap(NULL, sizeof(local), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED)
		return NULL;
	if (pthread_setspecific(key, made) != 0) {
		munmap(made, sizeof(local));
		return NULL;
	}
	/* A forked child begins with none of it, and its parent copies no page for it. */
	madvise(made, sizeof(local), MADV_WIPEONFORK);
	return local_own = made;
}
