/* SPDX-License-Identifier: MIT */
#ifndef TYPE_HANDLES_H
#define TYPE_HANDLES_H

#include "brood/type.h"

/*
 * Calls visit for every handle in a value that has been pickled, and so is sound, that is not
 * NULL: with the type of the pointer ("brood_connection *"), and the pointer.
 */
typedef void handle_visit(const brood_type *type, void *handle, void *argument);
void handles_visit(const brood_value *value, handle_visit *visit, void *argument);

/* Whether a type is that of connections. */
bool handle_is_connection(const brood_type *type);

#endif
