/* SPDX-License-Identifier: MIT */
#ifndef TYPE_PICKLE_H
#define TYPE_PICKLE_H

/* Values on their way to another process of the family. */

#include "brood/type.h"
#include "heap/heap.h"

/*
 * A value made ready for its receiver: arg is what a target is called with (a
 * scalar's or struct's private copy, a string, a handle, NULL for no value), and
 * block the one heap block behind it, or NULL.
 */
typedef struct pickled {
	void *arg;
	void *block;
	bool borrowed; /* BROOD_BORROW: only a forked child can use it */
} pickled;

/*
 * Copies a value into one heap block of the given owner. Returns 0 and fills
 * *ret, or a negative errno with its sentence: -EINVAL for what cannot be
 * pickled, -ENOMEM.
 */
int pickle(const brood_value *value, heap_owner owner, pickled *ret);

#endif
