/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

/*
 * The queue as the files of this layer share it. One block of the heap; its rings, pages and
 * messages are blocks that belong to it as an object, so that freeing it frees all.
 */

#include "brood/queue.h"
#include "queue/gate.h"
#include "queue/message.h"
#include "queue/ring.h"
#include "queue/taken.h"
#include "sync/bell.h"

enum { QUEUE_NAMES = 15 };

/* The name of a type that has been put inline: takers of anything may have it nowhere else. */
typedef struct queue_name {
	uint64_t fingerprint;
	char name[];
} queue_name;

struct brood_queue {
	/* Set when it is made. */
	uint64_t magic;
	uint64_t most;	      /* messages; UINT64_MAX: no bound */
	uint64_t fingerprint; /* of its one type, or 0 */
	heap_owner self;      /* as the owner of blocks */
	uint32_t room;	      /* bytes that a slot holds */
	uint32_t max_deliveries;
	bool joinable;
	bool redeliver;
	bool verbatim; /* its one type travels inline, byte for byte */

	/* Read by all, seldom written. */
	_Alignas(64) ring *_Atomic put_ring; /* hint: the last, or one before it */
	ring *_Atomic get_ring;		     /* hint: all rings before it have been drained */
	_Atomic uint32_t closed;
	/* Hint. Bit 0: there may be returned messages (taken.h), which go first; above: a count. */
	_Atomic uint32_t returned;
	taken_page *_Atomic pages;
	queue_name *_Atomic names[QUEUE_NAMES];

	_Alignas(64) gate items; /* who waits for a message */
	_Alignas(64) gate space; /* for room */
	_Alignas(64) gate done;	 /* for all to be finished */
	_Alignas(64) bell bell;

	/* repair.c */
	_Alignas(64) _Atomic uint32_t repairer; /* heap_owner, or 0 */
	_Atomic uint64_t dropping;		/* the key of the message dropped last */
	_Atomic uint64_t dropped_next;
	_Atomic uint64_t dropped;
	_Atomic uint64_t redelivered;
	_Atomic uint64_t abandoned;
};

#define QUEUE_MAGIC UINT64_C(0x6575657571726f62)

/* 0 when the pointer is a queue; else -EINVAL with its sentence. */
int queue_check(const brood_queue *q);

/* The ring after one, made if there is none; NULL with errno ENOMEM, or EPIPE when there will be
 * none. */
ring *queue_grow(brood_queue *q, ring *r);

/* Where the first message is, all rings considered. */
typedef struct queue_view {
	ring *ring;
	ring_view at;
	heap_owner busy;     /* who is first of those that write or take before it, or 0 */
	bool skipped_writer; /* there may be one */
	bool found;
	bool over; /* closed, and nothing will come any more */
} queue_view;
queue_view queue_look(brood_queue *q);

/* Whether a get would not wait: for a message, or because the queue is closed and drained. */
bool queue_is_ready(brood_queue *q);

/* Stands for the calling thread, among those of its process. */
const void *queue_thread(void);

/*
 * Whether a message of a joinable queue is unfinished in another process than me, or was
 * returned. *ret_busy (or NULL) is such a process then, if there is one, and a dead one if one is.
 */
bool queue_has_unfinished(brood_queue *q, heap_owner me, heap_owner *ret_busy);

/* Whether the process, that was found in the way, is dead. Asks the kernel if `thorough`. */
bool queue_is_dead(heap_owner who, bool thorough);

/*
 * Accounts for what dead processes left. Returns whether anything may have changed: false
 * when somebody else is at it, who is alive.
 */
bool queue_repair(brood_queue *q);

/* After a record has become RETURNED: who gets looks there first. */
void queue_hint_returned(brood_queue *q);

/* Remembers a type's name. False when there is no place for it. */
bool queue_learn(brood_queue *q, uint64_t fingerprint, const char *name);
const char *queue_name_of(brood_queue *q, uint64_t fingerprint);

/* 0 when a value of the type may be put in the queue; else -EBADMSG with its sentence. */
int queue_check_type(const brood_queue *q, const brood_type *type);

/*
 * Puts a parcel and wakes who waits for a message. Fails as brood_put_value(); the parcel is
 * still the caller's then.
 */
int queue_put(brood_queue *q, const parcel *p, deadline when);

/* After a message has become READY again or was left there: one who waits may take it. */
static inline void queue_tell(brood_queue *q)
{
	gate_wake(&q->items, 1);
	bell_ring(&q->bell);
}

/* After a slot was freed or a message finished: who waits for the end of a closed queue looks. */
static inline void queue_tell_drained(brood_queue *q)
{
	if (__builtin_expect(atomic_load(&q->closed) != 0, 0)) {
		gate_wake(&q->items, INT32_MAX);
		bell_ring(&q->bell);
	}
}

/*
 * A wait for a change of the queue: look; when it is not there, queue_wait_once(); and again.
 *
 *	queue_wait w = {.at = &q->items, .when = when};
 *	while (!found(q))
 *		if ((r = queue_wait_once(&w, q, busy)) < 0)
 *			return r;
 *
 * For a message or room it spins first. `busy` is who is in the way, or 0; when that one is dead
 * the queue is repaired. Returns 0, or -ETIMEDOUT or -EINTR without a sentence.
 */
typedef struct queue_wait {
	gate *at;
	deadline when; /* 0: look once */
	uint32_t token;
	bool announced;
	bool spun;
	bool cleared; /* take.c: the bell */
	unsigned turns;
} queue_wait;
int queue_wait_once(queue_wait *w, brood_queue *q, heap_owner busy);

#endif
