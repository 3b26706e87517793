/* SPDX-License-Identifier: MIT */
#ifndef LOG_HANDLER_H
#define LOG_HANDLER_H

/*
 * Handlers, and a logger's list of them. A list never changes: it is replaced by
 * another, and the old one retired, so that those who walk it need no lock, nor
 * does a child that is forked meanwhile.
 */

#include "brood/log.h"
#include "log/retire.h"

typedef struct handler {
	_Atomic unsigned refs;
	int level;
	long id;
	brood_log_handler emit;
	void *data;
	void (*release)(void *data); /* may be NULL */
} handler;

typedef struct handler_list {
	retired retired;
	size_t count;
	handler *items[];
} handler_list;

/* Where a logger keeps its list; NULL for an empty one. */
typedef handler_list *_Atomic handler_slot;

/* A handler with one reference; NULL when there is no memory (no sentence). */
handler *handler_new(int level, brood_log_handler emit, void *data, void (*release)(void *data));

/* Drops a reference; with the last one data is released. NULL is allowed. */
void handler_unref(handler *h);

/* A list with room for count handlers, none in it yet; NULL when there is no memory. */
handler_list *handlers_new(size_t count);

/* Puts a handler into a list under construction, which takes a reference of its own. */
void handlers_append(handler_list *list, handler *h);

/* Frees a list that nobody else has seen. NULL is allowed. */
void handlers_free(handler_list *list);

/* Replaces a slot's list, NULL for none, and retires the old one. */
void handlers_replace(handler_slot *slot, handler_list *list);

/* Adds to the list in use. Returns 0 or -ENOMEM (no sentence). */
int handlers_add(handler_slot *slot, handler *h);

/* Removes by id. Returns 0, -ENOENT or -ENOMEM (no sentence). */
int handlers_remove(handler_slot *slot, long id);

#endif
