/* SPDX-License-Identifier: MIT */

/*
 * Each unit is a word that says who has it (seats.h): 0, a unit to be taken; a
 * process; or NO_UNIT, room for another. So taking a unit and being known as its
 * holder are one instruction, and a unit whose holder is dead is there for the taking.
 * The counts are what the words say. A process looks first where its slot's number
 * leads it, so that several do not fight for the same words.
 *
 * With .signal there is only a count, and nobody has anything.
 *
 * Who finds no unit sleeps on `turn` (turn.h), and on the life of the one holder when there
 * is one only; otherwise it looks after CORE_STEP_NS whether one of them
 * has died. One is woken for a unit; if that one is killed, or comes too late, the
 * others look after a step, too.
 *
 * | killed                             | is left                  | repaired by                |
 * | ---------------------------------- | ------------------------ | -------------------------- |
 * | before the CAS that takes          | nothing                  |                            |
 * | holding units                      | words with its name      | the next who needs one     |
 * | between giving back and waking     | a free unit, sleepers    | a step                     |
 * | asleep                             | one wake too many        | the next release           |
 * | woken, before it took the unit     | a free unit, sleepers    | a step                     |
 * | growing the list                   | a page, linked or not    | brood_semaphore_free()     |
 */

#include <errno.h>
#include <stdio.h>

#include "base/options.h"
#include "base/interrupt.h"
#include "sync/core.h"
#include "sync/seats.h"
#include "sync/turn.h"

#define NO_UNIT UINT32_C(1)

enum {
	MAX_HELD = 1000000,
	SIGNAL_STEP_NS = 1000000000, /* a wake can be lost only with the one that was woken */
};

struct brood_semaphore {
	object object;
	_Atomic uint32_t turn;
	_Atomic uint32_t count; /* with .signal */
	uint32_t maximum;	/* BROOD_SEMAPHORE_MAX, or what a bounded one has at first */
	bool bounded;
	bool signal;
	seats seats;
};

static int check_value(const brood_semaphore_options *options)
{
	if (options->value < 0)
		return error_set(EINVAL, "a semaphore cannot have %d units", options->value);
	if (!options->signal && options->value > MAX_HELD)
		return error_set(EOVERFLOW,
				 "a semaphore that knows who holds its units has %d at most, not "
				 "%d: one with .signal has no such limit",
				 MAX_HELD, options->value);
	return 0;
}

brood_semaphore *brood_semaphore_new_with(const brood_semaphore_options *given)
{
	brood_semaphore_options options = {0};
	if (options_copy(given, &options, sizeof(options), "use brood_semaphore_new()") < 0 ||
	    check_value(&options) < 0)
		return error_to_null(-errno);
	uint32_t value = (uint32_t)options.value;
	uint32_t room = options.signal || value < SEATS_AT_FIRST ? SEATS_AT_FIRST : value;
	brood_semaphore *made =
		object_new(OBJECT_SEMAPHORE, offsetof(brood_semaphore, seats) + seats_size(room));
	if (!made)
		return NULL;
	made->bounded = options.bounded;
	made->signal = options.signal;
	made->maximum = options.bounded ? value : BROOD_SEMAPHORE_MAX;
	made->seats.count = room;
	atomic_store(&made->count, value);
	for (uint32_t i = value; i < room; i++)
		atomic_store(&seats_at(&made->seats, i)->word, NO_UNIT);
	return made;
}

static bool is_holder(uint32_t word)
{
	return word != 0 && word != NO_UNIT;
}

/* Turns one unit from `from` into `to`, in the first page from where this process is at home. */
static bool turn_at_home(brood_semaphore *s, heap_owner me, uint32_t from, uint32_t to)
{
	uint32_t count = s->seats.count, home = owner_slot(me) % count;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = home + i < count ? home + i : home + i - count;
		_Atomic uint32_t *word = &seats_at(&s->seats, at)->word;
		uint32_t expected = from;
		if (atomic_load_explicit(word, memory_order_relaxed) == from &&
		    atomic_compare_exchange_strong(word, &expected, to))
			return true;
	}
	return false;
}

static bool turn_unit(brood_semaphore *s, heap_owner me, uint32_t from, uint32_t to)
{
	if (turn_at_home(s, me, from, to))
		return true;
	for (seat_walk w = seats_begin(&s->seats); w.seat; seats_next(&w)) {
		uint32_t expected = from;
		if (w.page != &s->seats &&
		    atomic_compare_exchange_strong(&w.seat->word, &expected, to))
			return true;
	}
	return false;
}

/* The one process that holds units; 0 when none does, LIFE_SEVERAL. */
static heap_owner holder_of(brood_semaphore *s)
{
	heap_owner holder = 0;
	for (seat_walk w = seats_begin(&s->seats); w.seat; seats_next(&w)) {
		uint32_t word = atomic_load(&w.seat->word);
		if (is_holder(word) && holder && word != holder)
			return LIFE_SEVERAL;
		if (is_holder(word))
			holder = word;
	}
	return holder;
}

static bool take_from_dead(brood_semaphore *s, heap_owner me)
{
	heap_owner alive = me;
	for (seat_walk w = seats_begin(&s->seats); w.seat; seats_next(&w)) {
		uint32_t word = atomic_load(&w.seat->word);
		if (!is_holder(word) || word == alive)
			continue;
		if (life_dead(word) && atomic_compare_exchange_strong(&w.seat->word, &word, me))
			return true;
		alive = word;
	}
	return false;
}

static bool take_count(brood_semaphore *s)
{
	uint32_t count = atomic_load(&s->count);
	while (count > 0)
		if (atomic_compare_exchange_strong(&s->count, &count, count - 1))
			return true;
	return false;
}

static bool take(brood_semaphore *s, heap_owner me)
{
	return s->signal ? take_count(s) : turn_unit(s, me, 0, me);
}

static int acquire(brood_semaphore *s, deadline when)
{
	int r = object_check(s, OBJECT_SEMAPHORE);
	if (r < 0)
		return r;
	heap_owner me = life_owner();
	if (!me)
		return -errno;
	while (!take(s, me)) {
		if (!s->signal && take_from_dead(s, me))
			return 0;
		if (core_passed(when))
			return error_set(ETIMEDOUT, "no unit of the semaphore came free in time");
		uint32_t turn = turn_prepare(&s->turn);
		if (take(s, me))
			return 0;
		if (life_wait(&s->turn, turn, s->signal ? 0 : holder_of(s),
			      core_step(when, s->signal ? SIGNAL_STEP_NS : CORE_STEP_NS)) == -EINTR)
			return interrupt_error("a semaphore");
	}
	return 0;
}

int brood_semaphore_acquire(brood_semaphore *semaphore)
{
	return acquire(semaphore, DEADLINE_NEVER);
}

int brood_semaphore_acquire_timed(brood_semaphore *semaphore, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : acquire(semaphore, when);
}

int brood_semaphore_acquire_nowait(brood_semaphore *semaphore)
{
	return acquire(semaphore, 0);
}

static int too_many(const brood_semaphore *s)
{
	if (s->bounded)
		return error_set(EINVAL,
				 "the semaphore is released too many times: all its %u "
				 "units are free",
				 s->maximum);
	return error_set(EOVERFLOW, "the semaphore has %u units, which is the most", s->maximum);
}

static int give_count(brood_semaphore *s)
{
	uint32_t count = atomic_load(&s->count);
	do {
		if (count == s->maximum)
			return too_many(s);
	} while (!atomic_compare_exchange_strong(&s->count, &count, count + 1));
	return 0;
}

/* A unit that another process holds; those of the dead are free already. */
static bool give_others(brood_semaphore *s)
{
	for (seat_walk w = seats_begin(&s->seats); w.seat; seats_next(&w)) {
		uint32_t word = atomic_load(&w.seat->word);
		while (is_holder(word) && !life_dead(word))
			if (atomic_compare_exchange_strong(&w.seat->word, &word, 0))
				return true;
	}
	return false;
}

static int give_unit(brood_semaphore *s, heap_owner me)
{
	if (turn_unit(s, me, me, 0) || give_others(s))
		return 0;
	if (s->bounded)
		return too_many(s);
	while (!turn_unit(s, me, NO_UNIT, 0)) {
		int r = seats_grow(&s->seats, s, NO_UNIT);
		if (r < 0)
			return r;
	}
	return 0;
}

int brood_semaphore_release(brood_semaphore *semaphore)
{
	int r = object_check(semaphore, OBJECT_SEMAPHORE);
	if (r < 0)
		return r;
	heap_owner me = life_owner();
	if (!me)
		return -errno;
	r = semaphore->signal ? give_count(semaphore) : give_unit(semaphore, me);
	if (r == 0)
		turn_wake(&semaphore->turn, 1);
	return r;
}

int brood_semaphore_value(const brood_semaphore *semaphore)
{
	int r = object_check(semaphore, OBJECT_SEMAPHORE);
	if (r < 0)
		return r;
	if (semaphore->signal)
		return (int)atomic_load(&semaphore->count);
	seats *all = (seats *)(uintptr_t)&semaphore->seats;
	for (seat_walk w = seats_begin(all); w.seat; seats_next(&w)) {
		uint32_t word = atomic_load(&w.seat->word);
		r += word == 0 || (is_holder(word) && life_dead(word));
	}
	return r;
}

int brood_semaphore_format(const void *semaphore, char *buffer, size_t size)
{
	const brood_semaphore *s = semaphore;
	int value = brood_semaphore_value(s);
	if (value < 0)
		return snprintf(buffer, size, "(null)");
	if (s->bounded)
		return snprintf(buffer, size, "<BoundedSemaphore(value=%d, maxvalue=%u)>", value,
				s->maximum);
	return snprintf(buffer, size, "<Semaphore(value=%d)>", value);
}

int brood_semaphore_free(brood_semaphore *semaphore)
{
	return object_free(semaphore, OBJECT_SEMAPHORE);
}
