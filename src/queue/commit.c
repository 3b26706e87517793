/* SPDX-License-Identifier: MIT */
/* Messages that are written where they will be read. */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "heap/account.h"
#include "queue/queue.h"
#include "type/body.h"
#include "type/fingerprint.h"

static int check_flat(const brood_type *type)
{
	if (!type)
		return error_set(EINVAL, "the type is NULL");
	if (!message_is_flat(type))
		return error_set(EINVAL,
				 "a '%s' leads to other memory, or is not a value: reserve a "
				 "struct or scalar without pointers, or put it",
				 type->name);
	return 0;
}

static void *reserve(brood_queue *q, const brood_type *type, size_t size)
{
	int r = queue_check(q);
	if (r == 0)
		r = queue_check_type(q, type);
	if (r < 0)
		return error_to_null(r);
	pickle_header *block = pickle_block_new(type, size, account_me());
	if (!block)
		return NULL;
	return memset(pickle_block_body(block), 0, size);
}

void *brood_reserve_as(brood_queue *q, const brood_type *type)
{
	int r = check_flat(type);
	return r < 0 ? error_to_null(r) : reserve(q, type, type->size);
}

brood_bytes *brood_reserve_bytes(brood_queue *q, size_t size)
{
	const size_t data = body_align(sizeof(brood_bytes), BODY_BYTES_ALIGNMENT);
	size_t all;
	if (__builtin_add_overflow(data, size, &all))
		return error_null(ENOMEM, "%zu bytes are more than can be addressed", size);
	brood_bytes *bytes = reserve(q, &brood_type_brood_bytes, all);
	if (bytes && size)
		*bytes = (brood_bytes){.data = (char *)bytes + data, .size = size};
	return bytes;
}

static int commit(brood_queue *q, void *value, deadline when)
{
	int r = queue_check(q);
	if (r < 0)
		return r;
	const pickle_header *block = value ? pickle_block_of(value) : NULL;
	if (!block)
		return value ? error_set(EINVAL,
					 "%p is no copied value: it must come from "
					 "brood_reserve(), brood_copy() or brood_get()",
					 value)
			     : error_absent("the value");
	if (!message_may_be_given(value, account_me()))
		return error_set(EINVAL,
				 "%p does not belong to the calling process: it has been "
				 "committed already, or is not finished, or another's",
				 value);
	if (q->fingerprint && q->fingerprint != block->fingerprint)
		return error_set(EBADMSG, "the queue is for messages of another type than '%s'",
				 (const char *)block + block->name);
	const parcel p = {
		.what = MESSAGE_BLOCK,
		.size = sizeof(value),
		.fingerprint = block->fingerprint,
		.from = &value,
		.pointer = value,
	};
	return queue_put(q, &p, when);
}

int brood_commit(brood_queue *q, void *value)
{
	return commit(q, value, DEADLINE_NEVER);
}

int brood_commit_timed(brood_queue *q, void *value, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : commit(q, value, when);
}

int brood_commit_nowait(brood_queue *q, void *value)
{
	return commit(q, value, 0);
}
