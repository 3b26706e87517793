/* SPDX-License-Identifier: MIT */
#ifndef SHARED_CELL_H
#define SHARED_CELL_H

/*
 * A value kept in a shared object: a pickled copy, in a block of its own that knows its
 * type; NULL is None. A handle is a pickled pointer.
 */

#include "shared/text.h"
#include "type/pickle_block.h"

typedef pickle_header cell;

/* A copy of a value, owned by the calling process. 0 or a negative errno with its sentence. */
int cell_new(const brood_value *value, cell **ret);

/* What a receiver of this type gets: a copy of its own. -EBADMSG when the cell is of another. */
int cell_copy(cell *c, const brood_type *type, void **ret);

/* 1 when the cell holds an equal value, 0 when not, or a negative errno with its sentence. */
int cell_equals(cell *c, const brood_value *value);

/* As Python shows it: 3, 2.5, True, 'text', b'bytes', None; others by their type. */
void cell_print(cell *c, text *t);

#endif
