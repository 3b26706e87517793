/* SPDX-License-Identifier: MIT */

#include "queue/gate.h"

#include <errno.h>
#include <limits.h>

#include "base/sys.h"
#include "heap/life.h"

enum {
	SPIN_NS = 20 * 1000,
	SPIN_STEP = 16,	   /* looks between two looks at the clock */
	SPIN_DISTRUST = 5, /* 2^n waits without spinning after n spins in vain, at most */
	NAP_NS = 50 * 1000000,
};

uint32_t gate_enter(gate *g)
{
	/* The sequence first: gate_wake_sleepers() relies on it. */
	uint32_t token = atomic_load(&g->sequence);
	uint32_t old = atomic_load(&g->announced);
	while (!atomic_compare_exchange_weak(&g->announced, &old, (old + 2) | 1))
		;
	return token;
}

int gate_sleep(gate *g, uint32_t token, heap_owner peer, deadline when)
{
	if (when != DEADLINE_NEVER && clock_now() >= when)
		return -ETIMEDOUT;
	deadline nap = clock_now() + NAP_NS;
	int r = life_wait(&g->sequence, token, peer ? peer : LIFE_SEVERAL, when < nap ? when : nap);
	return r == -EINTR ? r : 0;
}

void gate_wake_sleepers(gate *g, int count)
{
	uint32_t seen = atomic_load(&g->announced);
	atomic_fetch_add(&g->sequence, 1);
	/* Who announced before `seen` was read has noted the old sequence, and will not sleep. */
	if (sys_futex_wake(&g->sequence, count) < count)
		atomic_compare_exchange_strong(&g->announced, &seen, seen & ~UINT32_C(1));
}

static void pause_a_little(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool spin(enum gate_ready (*look)(void *object), void *object)
{
	enum gate_ready there = GATE_NONE;
	int64_t until = clock_now() + SPIN_NS;
	do {
		for (int i = 0; i < SPIN_STEP; i++) {
			there = look(object);
			if (there == GATE_ENOUGH)
				return true;
			pause_a_little();
		}
	} while (clock_now() < until);
	return there != GATE_NONE;
}

static bool has_processors(void)
{
	static _Atomic int count;
	int known = atomic_load_explicit(&count, memory_order_relaxed);
	if (!known) {
		known = brood_cpu_count();
		atomic_store_explicit(&count, known, memory_order_relaxed);
	}
	return known > 1;
}

bool gate_spin(enum gate_ready (*look)(void *object), void *object)
{
	static _Thread_local unsigned in_vain, skip;
	if (skip > 0) {
		skip--;
		return false;
	}
	if (!has_processors())
		return false;
	if (spin(look, object)) {
		in_vain = 0;
		return true;
	}
	if (in_vain < SPIN_DISTRUST)
		in_vain++;
	skip = (1U << in_vain) - 1;
	return false;
}

void gate_wake_all(gate *g)
{
	atomic_fetch_add(&g->sequence, 1);
	sys_futex_wake(&g->sequence, INT_MAX);
}
