/* SPDX-License-Identifier: MIT */
#ifndef SYNC_BELL_H
#define SYNC_BELL_H

/*
 * How a change of an object in the heap wakes a poll() or epoll in other processes. A bell
 * is a part of the object (all zero: nobody listens):
 *
 *	change the object; bell_ring(&object->bell);
 *
 *	fd = bell_descriptor(&object->bell);         once
 *	look at the object; if there is nothing: bell_clear(), look again;
 *	if there is something now: bell_ring(), for this process's other threads; else poll(fd)
 *
 * The descriptor becomes readable after a ring and stays so until it is cleared. It may be
 * readable though nothing has changed: look at the object, never at the descriptor alone.
 */

#include <stdatomic.h>
#include <stdint.h>

/* A process that listens. */
typedef struct bell_place {
	_Atomic uint32_t owner; /* heap_owner; 0: free */
	_Atomic uint32_t epoch; /* counts its clears */
	_Atomic uint32_t rung;	/* the epoch in which it was rung last */
	uint32_t reserved;
	_Atomic uint64_t id; /* of its socket, sys_bell() */
} bell_place;

typedef struct bell_page bell_page;

typedef struct bell {
	_Atomic uint32_t listened; /* somebody does, or has */
	uint32_t reserved;
	bell_page *_Atomic more;
	bell_place place[2];
} bell;
_Static_assert(sizeof(bell) == 64, "a cache line in the object");

void bell_ring_all(bell *which);

/*
 * After a change that a listener wants to know of. The change must be visible before: a
 * seq_cst operation, or followed by a seq_cst fence. One load when nobody has ever listened. Never
 * waits and never fails; errno is untouched.
 */
static inline void bell_ring(bell *which)
{
	if (__builtin_expect(atomic_load(&which->listened) != 0, 0))
		bell_ring_all(which);
}

/*
 * The calling process's descriptor for this bell, made at the first call; borrowed. What it was
 * made for must be looked at after this call and before the first poll. A negative
 * errno with its sentence: -EMFILE, -ENFILE, -ENOMEM.
 */
int bell_descriptor(bell *which);

/*
 * Another one, which is also readable when nobody has cleared it for a second: for a poll() that
 * would not look otherwise.
 */
int bell_ticking_descriptor(bell *which);

/* Before looking at the object, and ringing if there is something: what rang until now is known.
 * Nothing for who does not listen. */
void bell_clear(bell *which);

/* The calling process does not listen any more; its descriptors are closed. */
void bell_drop(bell *which);

/* Before the object is freed: frees what belongs to the bell, and drops this process's. */
void bell_end(bell *which);

#endif
