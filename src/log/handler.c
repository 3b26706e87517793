/* SPDX-License-Identifier: MIT */

#include "log/handler.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic long last_id;

handler *handler_new(int level, brood_log_handler emit, void *data, void (*release)(void *data))
{
	handler *h = malloc(sizeof(*h));
	if (h)
		*h = (handler){.refs = 1,
			       .level = level,
			       .id = ++last_id,
			       .emit = emit,
			       .data = data,
			       .release = release};
	return h;
}

void handler_unref(handler *h)
{
	if (!h || --h->refs > 0)
		return;
	if (h->release)
		h->release(h->data);
	free(h);
}

handler_list *handlers_new(size_t count)
{
	return calloc(1, sizeof(handler_list) + count * sizeof(handler *));
}

void handlers_append(handler_list *list, handler *h)
{
	h->refs++;
	list->items[list->count++] = h;
}

void handlers_free(handler_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		handler_unref(list->items[i]);
	free(list);
}

static void destroy(retired *item)
{
	handlers_free((handler_list *)item);
}

static void retire_list(handler_list *list)
{
	if (list)
		retire(&list->retired, destroy);
}

void handlers_replace(handler_slot *slot, handler_list *list)
{
	retire_list(atomic_exchange(slot, list));
}

static bool replace_if(handler_slot *slot, handler_list *old, handler_list *new)
{
	return atomic_compare_exchange_strong(slot, &old, new);
}

/* A copy of old without one id, with one more handler; either may be 0 or NULL. */
static handler_list *copy(const handler_list *old, long without, handler *more)
{
	size_t count = old ? old->count : 0;
	handler_list *new = handlers_new(count + 1);
	if (!new)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (old->items[i]->id != without)
			handlers_append(new, old->items[i]);
	if (more)
		handlers_append(new, more);
	return new;
}

int handlers_add(handler_slot *slot, handler *h)
{
	handler_list *old, *new;
	reading_begin();
	for (;;) {
		old = *slot;
		new = copy(old, 0, h);
		if (!new || replace_if(slot, old, new))
			break;
		handlers_free(new);
	}
	if (new)
		retire_list(old);
	reading_end();
	return new ? 0 : -ENOMEM;
}

static bool contains(const handler_list *list, long id)
{
	for (size_t i = 0; list && i < list->count; i++)
		if (list->items[i]->id == id)
			return true;
	return false;
}

int handlers_remove(handler_slot *slot, long id)
{
	int r;
	reading_begin();
	for (;;) {
		handler_list *old = *slot, *new;
		r = -ENOENT;
		if (!contains(old, id))
			break;
		r = -ENOMEM;
		new = copy(old, id, NULL);
		if (!new)
			break;
		r = 0;
		if (replace_if(slot, old, new)) {
			retire_list(old);
			break;
		}
		handlers_free(new);
	}
	reading_end();
	return r;
}
