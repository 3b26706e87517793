/* SPDX-License-Identifier: MIT */

/*
 * One word: whether it is set, whether somebody may wait, and how often it was
 * cleared. The count lets a waiter notice that it was set and cleared before the waiter ran.
 *
 * A set that has somebody to wake sets the bit and wakes in one system call
 * (sys_futex_or_wake), in which no process can be killed half-way; it wakes all, so
 * that it does not matter who of them is killed. Nobody looks at anybody's life.
 *
 * | killed                    | is left                                                |
 * | ------------------------- | ------------------------------------------------------ |
 * | before the set, or after  | the event unset, or set and everyone awake             |
 * | waiting                   | AWAITED: the next set makes a system call for nothing  |
 */

#include <stdio.h>

#include "base/interrupt.h"
#include "base/sys.h"
#include "heap/life.h"
#include "sync/event.h"
#include "sync/object.h"

enum { EVENT_SET = 1, EVENT_AWAITED = 2, EVENT_CLEARED = 4 };

struct brood_event {
	object object;
	_Atomic uint32_t word;
	uint32_t reserved[13];
	bell bell;
};
_Static_assert(sizeof(struct brood_event) == 128, "the bell has a cache line");

bell *event_bell(brood_event *event)
{
	int r = object_check(event, OBJECT_EVENT);
	return r < 0 ? error_to_null(r) : &event->bell;
}

brood_event *brood_event_new(void)
{
	return object_new(OBJECT_EVENT, sizeof(brood_event));
}

int brood_event_set(brood_event *event)
{
	int r = object_check(event, OBJECT_EVENT);
	if (r < 0)
		return r;
	uint32_t word = atomic_load(&event->word);
	while (!(word & (EVENT_SET | EVENT_AWAITED)))
		if (atomic_compare_exchange_strong(&event->word, &word, word | EVENT_SET))
			word |= EVENT_SET;
	if (!(word & EVENT_SET))
		sys_futex_or_wake(&event->word, EVENT_SET, INT32_MAX);
	bell_ring(&event->bell);
	return 0;
}

int brood_event_clear(brood_event *event)
{
	int r = object_check(event, OBJECT_EVENT);
	if (r < 0)
		return r;
	uint32_t word = atomic_load(&event->word);
	while (word & EVENT_SET) {
		/* Who waited has been woken by the set. */
		uint32_t cleared = (word & ~(uint32_t)(EVENT_SET | EVENT_AWAITED)) + EVENT_CLEARED;
		if (atomic_compare_exchange_strong(&event->word, &word, cleared))
			break;
	}
	return 0;
}

bool brood_event_is_set(const brood_event *event)
{
	return object_check(event, OBJECT_EVENT) == 0 && atomic_load(&event->word) & EVENT_SET;
}

static uint32_t clears(uint32_t word)
{
	return word / EVENT_CLEARED;
}

static int wait(brood_event *event, deadline when)
{
	int r = object_check(event, OBJECT_EVENT);
	if (r < 0 || (r = heap_require()) < 0)
		return r;
	uint32_t word = atomic_load(&event->word);
	const uint32_t before = clears(word);
	while (!(word & EVENT_SET) && clears(word) == before) {
		if (r == -ETIMEDOUT)
			return error_set(ETIMEDOUT, "the event was not set in time");
		if (r == -EINTR)
			return interrupt_error("an event");
		if (word & EVENT_AWAITED ||
		    atomic_compare_exchange_strong(&event->word, &word, word | EVENT_AWAITED))
			r = life_wait(&event->word, word | EVENT_AWAITED, 0, when);
		word = atomic_load(&event->word);
	}
	return 0;
}

int brood_event_wait(brood_event *event)
{
	return wait(event, DEADLINE_NEVER);
}

int brood_event_wait_timed(brood_event *event, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : wait(event, when);
}

int brood_event_format(const void *event, char *buffer, size_t size)
{
	if (object_check(event, OBJECT_EVENT) < 0)
		return snprintf(buffer, size, "(null)");
	return snprintf(buffer, size, "<Event at %p %s>", event,
			brood_event_is_set(event) ? "set" : "unset");
}

int brood_event_free(brood_event *event)
{
	if (event && object_check(event, OBJECT_EVENT) == 0)
		bell_end(&event->bell);
	return object_free(event, OBJECT_EVENT);
}
