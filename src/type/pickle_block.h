/* SPDX-License-Identifier: MIT */
#ifndef TYPE_PICKLE_BLOCK_H
#define TYPE_PICKLE_BLOCK_H

/*
 * The one heap block behind a copied value: a header of a cache line, the body
 * (body.h), the type's name. Receivers hold a pointer to the body, which
 * brood_free() knows to be HEAP_VALUE_OFFSET behind the block's start. The name is
 * in the block because a spawned process may have it nowhere else.
 */

#include "brood/type.h"
#include "heap/heap.h"

enum { PICKLE_HEADER_SIZE = HEAP_VALUE_OFFSET };

typedef struct pickle_header {
	uint64_t magic;
	uint64_t size; /* of header, body and name */
	uint64_t fingerprint;
	uint64_t name; /* where it is, from the header's start */
	uint64_t key;  /* of the message that it is, or was last, in a queue */
	uint64_t reserved[3];
} pickle_header;

_Static_assert(sizeof(pickle_header) == PICKLE_HEADER_SIZE, "the body starts on a cache line");

/*
 * A block for a body of the given size, its header and name filled in, the body
 * not. NULL with errno ENOMEM.
 */
pickle_header *pickle_block_new(const brood_type *type, size_t body_size, heap_owner owner);

/* The same for a type of which no more is known. */
pickle_header *pickle_block_named(const char *name, uint64_t fingerprint, size_t body_size,
				  heap_owner owner);

/* Where its body is: what receivers hold. */
static inline unsigned char *pickle_block_body(pickle_header *block)
{
	return (unsigned char *)block + PICKLE_HEADER_SIZE;
}

/* The block of a receiver's pointer; NULL when it is no copied value. */
const pickle_header *pickle_block_of(const void *value);

#endif
