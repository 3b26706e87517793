/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SYNC_SUPPORT_H
#define TESTS_SYNC_SUPPORT_H

/* Processes that meet at shared words. */

#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"

/* What a test and its children share; the object under test as any type. */
typedef struct stage {
	_Atomic uint32_t arrived;
	_Atomic uint32_t told;
	_Atomic int result[16];
	_Atomic uint32_t inside;
	_Atomic uint32_t most;
	void *object;
} stage;

static inline stage *stage_new(void *object)
{
	stage *s = brood_calloc(1, sizeof(*s));
	assert_non_null(s);
	assert_non_null(object);
	s->object = object;
	return s;
}

static inline void say(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	sys_futex_wake(word, INT_MAX);
}

static inline void await(const _Atomic uint32_t *word, uint32_t at_least)
{
	for (uint32_t now; (now = atomic_load(word)) < at_least;)
		sys_futex_wait(word, now, NULL);
}

static inline brood_process *start(void (*target)(void *), stage *s)
{
	brood_process *p = brood_start(.target = target, .args = BROOD_SHARE(s));
	assert_non_null(p);
	return p;
}

static inline void kill_and_free(brood_process *p)
{
	assert_int_equal(brood_process_kill(p), 0);
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), -SIGKILL);
	brood_process_free(p);
}

static inline void join_and_free(brood_process *p)
{
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), 0);
	brood_process_free(p);
}

static inline void pause_for_ever(void)
{
	for (;;)
		pause();
}

/* One more or less in a place where there are to be few. */
static inline void enter(stage *s)
{
	uint32_t now = atomic_fetch_add(&s->inside, 1) + 1;
	for (uint32_t most = atomic_load(&s->most);
	     most < now && !atomic_compare_exchange_weak(&s->most, &most, now);)
		;
}

static inline void leave(stage *s)
{
	atomic_fetch_sub(&s->inside, 1);
}

#endif
