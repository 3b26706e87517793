/* SPDX-License-Identifier: MIT */
#ifndef SYNC_CORE_H
#define SYNC_CORE_H

/* What lock, rlock and condition are made of; core.c has the theory. */

#include "heap/life.h"
#include "sync/object.h"

#define CORE_WAITED   LIFE_WATCHED /* in the word: somebody may sleep on it */
#define CORE_POISONED UINT32_C(1)  /* the whole word: its holder died, and nobody may have it */

typedef struct core {
	_Atomic uint32_t word;	 /* 0: free; its holder, perhaps with CORE_WAITED; CORE_POISONED */
	_Atomic uint32_t depth;	 /* of an rlock: how often its holder has it */
	_Atomic uint64_t thread; /* the thread that took it; known to that one only */
	uint32_t poison;	 /* option */
	uint32_t reserved;
} core;

struct brood_lock {
	object object;
	core core;
};

struct brood_rlock {
	object object;
	core core;
};

/* Waits that more than one process may end are cut to this, and then look anew. */
enum { CORE_STEP_NS = 50 * 1000 * 1000 };
static inline deadline core_step(deadline when, int64_t ns)
{
	deadline soon = clock_now() + ns;
	return when < soon ? when : soon;
}

static inline bool core_passed(deadline when)
{
	return when != DEADLINE_NEVER && (when == 0 || clock_now() >= when);
}

/* The calling thread, different from every other of the family, living or dead. */
uint64_t core_thread(heap_owner me);

/* 0, BROOD_OWNER_DIED, -ETIMEDOUT, -EINTR, -ENOTRECOVERABLE or life_owner()'s failure, with
 * sentences. */
int core_take(core *lock, deadline when);

/* The same for ever: an interruption ends the wait that it came in, or a later one. */
int core_take_through(core *lock);

/* Whoever calls, it is free afterwards. 0, -EINVAL when it was, -EPERM when its holder has died,
 * -ENOTRECOVERABLE. */
int core_drop(core *lock);

/* The same for one that the thread may have taken before, or has to have taken. */
int core_take_again(core *lock, deadline when);
int core_drop_once(core *lock);

/* Whether the calling thread holds it. */
bool core_is_mine(const core *lock);

/* "<Lock(owner=None)>" or "<RLock(MainProcess, 2)>"; as snprintf(). */
int core_format(const core *lock, bool recursive, char *buffer, size_t size);

#endif
