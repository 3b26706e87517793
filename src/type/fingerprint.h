/* SPDX-License-Identifier: MIT */
#ifndef TYPE_FINGERPRINT_H
#define TYPE_FINGERPRINT_H

#include "brood/type.h"

/*
 * A number that stands for what a type says, the types of its fields included:
 * equal for equal descriptions, whichever translation unit or program they are
 * in. Scalars of one kind and size are one type: long and int64_t, an enum and its
 * integer. Never 0. Cached in the type.
 */
uint64_t fingerprint_of(const brood_type *type);

#endif
