/* SPDX-License-Identifier: MIT */

#include "queue/taken.h"

#include <errno.h>
#include <string.h>

#include "heap/heap.h"

taken_walk taken_all(taken_page *_Atomic *pages)
{
	return (taken_walk){.page = atomic_load(pages)};
}

bool taken_next(taken_walk *w)
{
	if (w->page && w->index == TAKEN_PAGE) {
		w->page = atomic_load(&w->page->next);
		w->index = 0;
	}
	if (!w->page)
		return false;
	w->record = &w->page->record[w->index++];
	return true;
}

/* A page more; whoever is killed before it is linked leaves it to the queue's end. */
static taken_page *add_page(taken_page *_Atomic *where, heap_owner queue)
{
	taken_page *page = heap_alloc(64, sizeof(*page), queue);
	taken_page *other = NULL;
	if (!page)
		return NULL;
	memset(page, 0, sizeof(*page));
	if (atomic_compare_exchange_strong(where, &other, page))
		return page;
	heap_free_owned(page, queue);
	return other;
}

int taken_begin(taken_page *_Atomic *pages, heap_owner queue)
{
	return add_page(pages, queue) ? 0 : -ENOMEM;
}

static taken *claim_in(taken_page *page, heap_owner me)
{
	for (unsigned i = 0; i < TAKEN_PAGE; i++) {
		uint64_t word = TAKEN_FREE;
		if (atomic_load_explicit(&page->record[i].word, memory_order_relaxed) == word &&
		    atomic_compare_exchange_strong(&page->record[i].word, &word, me))
			return &page->record[i];
	}
	return NULL;
}

taken *taken_claim(taken_page *_Atomic *pages, heap_owner me, heap_owner queue)
{
	for (;;) {
		taken_page *page = atomic_load(pages);
		if (!page && !(page = add_page(pages, queue)))
			return NULL;
		taken *record = claim_in(page, me);
		if (record)
			return record;
		pages = &page->next;
	}
}
