/* SPDX-License-Identifier: MIT */
#ifndef TYPE_BODY_H
#define TYPE_BODY_H

/*
 * A value laid out in one piece of memory. The root comes first: the struct or
 * scalar itself, the brood_bytes, or a string's characters. What its pointers lead
 * to follows in the order in which a walk, field by field and depth first, meets
 * it; each piece at the next multiple of its alignment, nothing shared, all
 * padding zero. So there is one layout for a value, and a reader knows where
 * each pointer must lead before it reads it. What is empty, be it a NULL string or
 * zero elements, has a NULL pointer and no piece.
 *
 * Pointers are absolute in the heap, and offsets from the body's start in a dump,
 * where 0 is NULL: no pointer can lead to the root.
 */

#include "brood/type.h"

enum {
	BODY_BYTES_ALIGNMENT = 16, /* of what a brood_bytes points to: as malloc() aligns */
	BODY_DEPTH_MAX = 200,	   /* of counted arrays in one another: a guard of the stack */
};

typedef enum body_form { BODY_ABSOLUTE, BODY_RELATIVE } body_form;

/*
 * The size of the body of the value at *from. Returns 0, or -EINVAL, with a
 * sentence that names the field, when the value cannot be written in that form.
 */
int body_measure(const brood_type *type, const void *from, body_form form, size_t *ret_size);

/* Writes the body, of the measured size, to base. Returns as body_measure(). */
int body_write(const brood_type *type, const void *from, body_form form, void *base, size_t size);

/*
 * Reads a relative body that nobody vouches for, of any alignment, and writes it
 * to base, of the same size, in absolute form. Returns 0, or -EBADMSG unless every
 * byte is what body_write() would have written.
 */
int body_read(const brood_type *type, const void *body, size_t size, void *base);

/* The number of elements that an integer field holds; false when it is negative. */
bool body_count(const brood_type *counter, const void *field, uint64_t *ret_count);

/* How many fields there are to look at: none in a type made by hand that has only their number. */
static inline uint32_t body_fields(const brood_type *type)
{
	return type->fields ? type->n_fields : 0;
}

/* Kinds that are copied byte for byte. */
static inline bool body_is_scalar(const brood_type *type)
{
	return type->kind >= BROOD_KIND_BOOL && type->kind <= BROOD_KIND_FLOAT;
}

/* The first multiple of an alignment, a power of two, that is not before a place. */
static inline size_t body_align(size_t at, size_t alignment)
{
	return (at + alignment - 1) & ~(alignment - 1);
}

#endif
