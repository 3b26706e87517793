/* SPDX-License-Identifier: MIT */
#ifndef TEST_HEAP_SUPPORT_H
#define TEST_HEAP_SUPPORT_H

/* What the heap's tests share: cmocka, and the state that each must leave. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/heap.h"

static inline brood_heap_stats stats_now(void)
{
	brood_heap_stats stats;
	assert_int_equal(brood_heap_stats_get(&stats), 0);
	return stats;
}

/* A teardown: no block is left, and the heap is sound. */
static inline int heap_is_empty(void **state)
{
	(void)state;
	brood_heap_stats stats = stats_now();
	if (stats.blocks)
		fprintf(stderr, "%zu blocks are left\n", stats.blocks);
	return stats.blocks || brood_heap_check(stderr) ? -1 : 0;
}

/* Waits for a child; returns its exit code, or minus its signal. */
static inline int child_end(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#endif
