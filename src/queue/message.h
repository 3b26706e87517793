/* SPDX-License-Identifier: MIT */
#ifndef QUEUE_MESSAGE_H
#define QUEUE_MESSAGE_H

/*
 * What travels in a slot: no value, a pointer that is passed as it is, a small value's
 * bytes, or a pointer to a value's block.
 *
 * A block changes hands in this order, so that it always has an owner whose death frees it,
 * or a slot that names it: it is stamped with the message's key, the slot names it, the queue
 * becomes its owner, the message is ready; the taker becomes its owner, the slot forgets it.
 * The stamp tells it from a later block at the same address, when its writer
 * died before the queue was its owner.
 */

#include "heap/heap.h"
#include "type/pickle_block.h"

enum message_what {
	MESSAGE_NOTHING, /* the slot is empty */
	MESSAGE_NONE,	 /* BROOD_NONE, or a NULL string */
	MESSAGE_POINTER,
	MESSAGE_INLINE,
	MESSAGE_BLOCK,
};

enum { MESSAGE_INLINE_MAX = 1024 };

/* A value on its way into a queue. */
typedef struct parcel {
	enum message_what what;
	uint32_t size; /* of the payload */
	uint64_t fingerprint;
	const void *from; /* the payload; for a block the address of `pointer` */
	void *pointer;
	const char *name; /* of an inline value's type */
} parcel;

/*
 * Packs a value: inline when its bytes are at most `room`, written to scratch (of that
 * size) where they cannot be read from where they are. A block belongs to the calling process.
 * Returns 0, -EINVAL for what cannot be passed, -ENOMEM.
 */
int parcel_pack(const brood_value *value, size_t room, void *scratch, parcel *ret);

/* Frees the block of a parcel that was not put. */
void parcel_drop(const parcel *p);

/*
 * Whether values of the type are bytes without pointers, type->size of them: they can be
 * copied out of a message.
 */
bool message_is_flat(const brood_type *type);

/* Whether, moreover, every byte can be copied in without a look: no padding, bool or handle. */
bool message_is_verbatim(const brood_type *type);

/* Whether a value's block belongs to this process, or to the family: not to a queue, nor, having
 * been taken from one, to another process. */
bool message_may_be_given(const void *value, heap_owner me);

/* Stamps a block, as the message of this key; whether one that belongs to the queue has it. */
void message_stamp(void *value, uint64_t key);
bool message_is_ours(const void *value, uint64_t key, heap_owner queue);

/* Frees it in that case. */
void message_free_ours(const void *value, uint64_t key, heap_owner queue);

#endif
