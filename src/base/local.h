/* SPDX-License-Identifier: MIT */
#ifndef BASE_LOCAL_H
#define BASE_LOCAL_H

/*
 * What a thread keeps to itself, and is too large for thread-local variables: glibc holds only a
 * few hundred bytes ready for those of libraries that are loaded by dlopen() and reach them without
 * a call, as this one does; all that it has count. So they are few and small.
 */

enum { LOCAL_SENTENCE_SIZE = 512, LOCAL_HEAP_SIZE = 1280 };

typedef struct local {
	char failure[LOCAL_SENTENCE_SIZE]; /* error.c */
	char failure_null[LOCAL_SENTENCE_SIZE];
	_Alignas(64) char heap[LOCAL_HEAP_SIZE]; /* heap/slab.c */
} local;

extern _Thread_local local *local_own __attribute__((tls_model("initial-exec")));
local *local_make(void);

/* The calling thread's, zeroed at first, also in a forked child; NULL when there is no memory for
 * it. A system call the first time. Freed when the thread ends. Async-signal-safe. */
static inline local *local_get(void)
{
	return local_own ? local_own : local_make();
}

#endif
