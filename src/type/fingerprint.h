/* SPDX-License-Identifier: MIT */
#ifndef TYPE_FINGERPRINT_H
#define TYPE_FINGERPRINT_H

#include "brood/type.h"

extern uint64_t fingerprint_scalars[BROOD_KIND_FLOAT + 1][17]; /* by kind and size */

/* Where the number is kept: in the type, or, for scalars, by all that they say. NULL: nowhere. */
static inline uint64_t *fingerprint_cache(const brood_type *type)
{
	if (type->fingerprint)
		return type->fingerprint;
	bool scalar = type->kind >= BROOD_KIND_BOOL && type->kind <= BROOD_KIND_FLOAT;
	return scalar && type->size <= 16 ? &fingerprint_scalars[type->kind][type->size] : NULL;
}

/* Works it out, and keeps it there. */
uint64_t fingerprint_make(const brood_type *type, uint64_t *cache);

/*
 * A number that stands for what a type says, the types of its fields included:
 * equal for equal descriptions, whichever translation unit or program they are
 * in. Scalars of one kind and size are one type: long and int64_t, an enum and its
 * integer. Never 0. Cached in the type.
 */
static inline uint64_t fingerprint_of(const brood_type *type)
{
	/* Threads that race here store the same number. */
	uint64_t *cache = fingerprint_cache(type);
	uint64_t known = cache ? __atomic_load_n(cache, __ATOMIC_RELAXED) : 0;
	return known ? known : fingerprint_make(type, cache);
}

#endif
