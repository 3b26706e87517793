/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_TAKE_H
#define QUEUE_TAKE_H

/* Takes one message out of a queue, for all the forms of brood_get(). */

#include "base/clock.h"
#include "brood/queue.h"
#include "queue/taken.h"
#include "type/pickle_block.h"

/* How the caller wants it, what was prepared, and what came of it. */
typedef struct delivery {
	heap_owner me;
	uint64_t want; /* a fingerprint; 0: any */
	void *into;    /* copy it here; NULL: a pointer is wanted */
	size_t into_size;
	bool not_none;	      /* leave a BROOD_NONE where it is */
	pickle_header *block; /* for an inline value of this type and size: */
	uint64_t block_type;
	size_t block_size;
	taken *record;
	/* What came: */
	bool none;
	void *arg;
} delivery;

/*
 * Waits for a message and takes it. Returns 0; -EBADMSG or -ENODATA, when the first one is of
 * another type or is none, and stays; -ETIMEDOUT, -EPIPE or -EINTR; these have no sentence yet.
 * -ENOMEM has.
 */
int take_message(brood_queue *q, delivery *d, deadline when);

#endif
