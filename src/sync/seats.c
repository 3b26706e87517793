/* SPDX-License-Identifier: MIT */

#include "sync/seats.h"

#include <errno.h>

enum { SEATS_IN_PAGE = 30 };

int seats_grow(seats *s, const void *object, uint32_t word)
{
	heap_owner owner = heap_object(object);
	seats *page = heap_alloc(1, seats_size(SEATS_IN_PAGE), owner), *none = NULL;
	if (!page)
		return -errno;
	atomic_store(&page->more, NULL);
	page->count = SEATS_IN_PAGE;
	for (uint32_t i = 0; i < SEATS_IN_PAGE; i++) {
		atomic_store(&seats_at(page, i)->word, word);
		atomic_store(&seats_at(page, i)->mark, 0);
	}
	while (!atomic_compare_exchange_strong(&s->more, &none, page)) {
		s = none;
		none = NULL;
	}
	return 0;
}
