/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_GATE_H
#define QUEUE_GATE_H

/*
 * Where processes sleep until an object has changed. All zero is a gate with nobody at it.
 *
 *	sleeper    token = gate_enter()    notes the sequence, then announces
 *	           look at the object; what was waited for may be there
 *	           gate_sleep(token)       unless the sequence has moved
 *	waker      change the object       by a seq_cst operation
 *	           gate_wake()             looks whether somebody has announced
 *
 * So either the sleeper sees the change or the waker the announcement. While nobody sleeps a wake
 * is one load. The announcement is one bit for all, which a waker takes back when the kernel had
 * nobody to wake; one that came meanwhile is kept, by the count beside the bit. What a
 * killed sleeper has announced so costs one call of the kernel, once.
 *
 * One change wakes one sleeper. A waker that is killed between changing and waking, or a
 * sleeper that is killed between waking and looking, would leave the others asleep: so
 * nobody sleeps longer than 50 ms before looking again.
 *
 * Before sleeping a process spins for some microseconds if that has paid lately; a wake
 * costs ten times what passing a cache line does.
 */

#include <stdatomic.h>

#include "base/clock.h"
#include "heap/owner.h"

typedef struct gate {
	_Atomic uint32_t sequence;
	_Atomic uint32_t announced; /* bit 0: somebody sleeps; above: counts announcements */
} gate;

uint32_t gate_enter(gate *g);

/* Until woken, at most 50 ms, or until `peer` (if not 0) is dead. Returns 0, -ETIMEDOUT, or
 * -EINTR: the thread was interrupted (base/interrupt.h). */
int gate_sleep(gate *g, uint32_t token, heap_owner peer, deadline when);

void gate_wake_sleepers(gate *g, int count);

/* All, announced or not. */
void gate_wake_all(gate *g);

/* Whether somebody sleeps, or is about to. */
static inline bool gate_has_sleepers(gate *g)
{
	return __builtin_expect(atomic_load(&g->announced) & 1, 0);
}

/* After a change that one of them, or so many, can use. */
static inline void gate_wake(gate *g, int count)
{
	if (gate_has_sleepers(g))
		gate_wake_sleepers(g, count);
}

/* What is there of what is waited for: some will do when one has spun for long enough. */
enum gate_ready { GATE_NONE, GATE_SOME, GATE_ENOUGH };

/* Spins until enough is there or for long enough; false: it is time to sleep. */
bool gate_spin(enum gate_ready (*look)(void *object), void *object);

#endif
