/* SPDX-License-Identifier: MIT */

/*
 * One word says how the barrier stands, and is what the parties sleep on:
 *
 *	generation: 23 bits | how the last eight ended: 8 bits | broken: 1 bit
 *
 * Each place holds a process and the generation in which it took the place. A party
 * takes the first one that is not of the present generation, so the places need
 * never be emptied; their order is that of arrival, and who gets the last one is the
 * last. It runs the action and turns the word to the next generation: from then on all
 * have passed, whatever becomes of them. A party that finds the word changed looks up in it
 * how its own generation ended.
 *
 * Each party looks every CORE_STEP_NS, and the last one before it lets the others
 * pass, whether one of those in the places is dead, and then breaks the barrier. So does
 * who comes when all places are taken, and waits for the next generation.
 *
 * | killed                                | is left                 | repaired by           |
 * | ------------------------------------- | ----------------------- | --------------------- |
 * | before it has a place                 | nothing                 |                       |
 * | in its place, also in the action      | a place of a dead one   | the others, or who    |
 * |                                       |                         | comes next: broken    |
 * | after turning the word, before waking | sleepers that may pass  | their step            |
 * | afterwards                            | nothing                 |                       |
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/options.h"
#include "base/interrupt.h"
#include "base/reference.h"
#include "base/sys.h"
#include "sync/core.h"

enum {
	BROKEN = 1,
	HISTORY_BITS = 8,
	GENERATION_SHIFT = 9,
	MAX_PARTIES = 32767,
};

#define HISTORY_MASK	(((UINT32_C(1) << HISTORY_BITS) - 1) << 1)
#define GENERATION_MASK (UINT32_MAX >> GENERATION_SHIFT)

typedef struct place {
	_Atomic uint64_t taken; /* heap_owner << 32 | generation */
	_Atomic uint64_t pid;	/* << 32 | generation: written a moment later */
} place;

struct brood_barrier {
	object object;
	_Atomic uint32_t word;
	uint32_t parties;
	_Atomic uint64_t dead; /* pid << 32 | generation that its death broke */
	double timeout;
	reference *action; /* NULL: none */
	place place[];
};

static int set_action(brood_barrier *b, int (*action)(void))
{
	if (!action)
		return 0;
	b->action = heap_alloc(1, sizeof(*b->action), heap_object(b));
	return b->action ? reference_to((any_function)action, b->action) : -errno;
}

brood_barrier *brood_barrier_new_with(const brood_barrier_options *given)
{
	brood_barrier_options options = {0};
	deadline unused;
	if (options_copy(given, &options, sizeof(options), "use brood_barrier_new()") < 0 ||
	    deadline_in(options.timeout, &unused) < 0)
		return error_to_null(-errno);
	if (options.parties < 1 || options.parties > MAX_PARTIES)
		return error_null(EINVAL, "a barrier has 1 to %d parties, not %d", MAX_PARTIES,
				  options.parties);
	if (options.timeout < 0)
		return error_null(EINVAL,
				  "a barrier's timeout is in seconds, or 0 for none, not %g",
				  options.timeout);
	size_t places = (size_t)options.parties * sizeof(place);
	brood_barrier *made = object_new(OBJECT_BARRIER, sizeof(*made) + places);
	if (!made)
		return NULL;
	made->parties = (uint32_t)options.parties;
	made->timeout = options.timeout;
	int r = set_action(made, options.action);
	if (r < 0) {
		brood_barrier_free(made);
		return error_to_null(r);
	}
	return made;
}

static uint32_t generation_of(uint32_t word)
{
	return word >> GENERATION_SHIFT;
}

/* The word of the generation after this one, which has passed, or was emptied by a reset. */
static uint32_t next_word(uint32_t word, bool emptied)
{
	uint32_t history = ((word << 1) & HISTORY_MASK) | (emptied ? 2 : 0);
	return (generation_of(word) + 1) << GENERATION_SHIFT | history;
}

/* Whether `of` is a generation after `generation`, in a count that goes round. */
static bool is_later(uint32_t of, uint32_t generation)
{
	uint32_t ahead = (of - generation) & GENERATION_MASK;
	return ahead != 0 && ahead <= GENERATION_MASK / 2;
}

/* Who is in a place in this generation; 0 for nobody. */
static heap_owner occupant(const place *p, uint32_t generation)
{
	uint64_t taken = atomic_load(&p->taken);
	return (uint32_t)taken == generation ? (heap_owner)(taken >> 32) : 0;
}

/* Takes a place; its number, or -EAGAIN when the generation is over. */
static int take_place(brood_barrier *b, heap_owner me, uint32_t generation)
{
	uint64_t mine = (uint64_t)me << 32 | generation;
	for (uint32_t i = 0; i < b->parties; i++) {
		uint64_t taken = atomic_load(&b->place[i].taken);
		while (!(taken >> 32) || (uint32_t)taken != generation) {
			if (taken >> 32 && is_later((uint32_t)taken, generation))
				return -EAGAIN;
			if (atomic_compare_exchange_strong(&b->place[i].taken, &taken, mine)) {
				atomic_store(&b->place[i].pid,
					     (uint64_t)getpid() << 32 | generation);
				return (int)i;
			}
		}
	}
	return -EAGAIN;
}

/* Turns the word, if the generation still goes on, and wakes all. */
static bool turn_word(brood_barrier *b, uint32_t generation, bool broken)
{
	uint32_t word = atomic_load(&b->word), to;
	do {
		if (generation_of(word) != generation || word & BROKEN)
			return false;
		to = broken ? word | BROKEN : next_word(word, false);
	} while (!atomic_compare_exchange_strong(&b->word, &word, to));
	sys_futex_wake(&b->word, INT_MAX);
	return true;
}

/* Who died in this place. The table may know him no more; the place does not if he was killed
 * before he had written it. */
static uint32_t pid_at(const place *p, uint32_t generation, heap_owner owner)
{
	uint64_t pid = atomic_load(&p->pid);
	bool written = (uint32_t)pid == generation && pid >> 32;
	return written ? (uint32_t)(pid >> 32) : (uint32_t)table_pid(owner);
}

/* Before it breaks. Who comes late must not hide what was told of a later generation. */
static void tell_dead(brood_barrier *b, uint32_t generation, uint64_t pid)
{
	uint64_t told = atomic_load(&b->dead);
	uint32_t word;
	do {
		word = atomic_load(&b->word);
		if (generation_of(word) != generation || word & BROKEN)
			return;
	} while (!atomic_compare_exchange_strong(&b->dead, &told, pid << 32 | generation));
}

/* Breaks the barrier if somebody has died in his place. */
static bool break_for_dead(brood_barrier *b, uint32_t generation)
{
	for (uint32_t i = 0; i < b->parties; i++) {
		heap_owner owner = occupant(&b->place[i], generation);
		if (!owner || !life_dead(owner))
			continue;
		tell_dead(b, generation, pid_at(&b->place[i], generation, owner));
		return turn_word(b, generation, true);
	}
	return false;
}

static int dead_pid(const brood_barrier *b)
{
	uint64_t dead = atomic_load(&b->dead);
	uint32_t word = atomic_load(&b->word);
	return word & BROKEN && (uint32_t)dead == generation_of(word) ? (int)(dead >> 32) : 0;
}

static int broken(const brood_barrier *b)
{
	int pid = dead_pid(b);
	if (pid)
		return error_set(ECANCELED,
				 "the barrier is broken: process %d died while it waited there; "
				 "brood_barrier_reset() mends it",
				 pid);
	return error_set(ECANCELED, "the barrier is broken: brood_barrier_reset() mends it");
}

/* How it ended for a party of this generation: 0 when it may pass, -EAGAIN while it has not. */
static int ended(const brood_barrier *b, uint32_t word, uint32_t generation)
{
	uint32_t since = (generation_of(word) - generation) & GENERATION_MASK;
	if (since == 0)
		return word & BROKEN ? broken(b) : -EAGAIN;
	if (since <= HISTORY_BITS && word >> since & 1)
		return error_set(ECANCELED, "the barrier was reset while the party waited");
	return 0;
}

static int run_action(const brood_barrier *b)
{
	any_function found;
	int r = reference_find(b->action, &found);
	if (r < 0)
		return r;
	r = ((int (*)(void))found)();
	return r == 0 ? 0 : error_set(ECANCELED, "the barrier's action returned %d", r);
}

static int finish(brood_barrier *b, uint32_t generation)
{
	int r = b->action ? run_action(b) : 0;
	if (r < 0)
		turn_word(b, generation, true);
	else if (!break_for_dead(b, generation))
		turn_word(b, generation, false);
	return r < 0 ? r : ended(b, atomic_load(&b->word), generation);
}

static int wait_for_others(brood_barrier *b, uint32_t generation, deadline when)
{
	for (;;) {
		uint32_t word = atomic_load(&b->word);
		int r = ended(b, word, generation);
		if (r != -EAGAIN)
			return r;
		if (break_for_dead(b, generation))
			continue;
		if (core_passed(when) && turn_word(b, generation, true))
			return error_set(ETIMEDOUT, "the other parties did not come in time: the "
						    "barrier is broken");
		if (life_wait(&b->word, word, LIFE_SEVERAL, when) == -EINTR &&
		    turn_word(b, generation, true))
			return interrupt_error("the other parties of a barrier");
	}
}

/* All places are taken, by parties that have not passed yet: the last runs the action, or has died.
 * 0: look again. */
static int wait_for_end(brood_barrier *b, uint32_t word, deadline when)
{
	if (break_for_dead(b, generation_of(word)) || atomic_load(&b->word) != word)
		return 0;
	if (core_passed(when))
		return error_set(ETIMEDOUT,
				 "the parties before have not passed in time: their action still "
				 "runs; the barrier is as it was");
	if (life_wait(&b->word, word, LIFE_SEVERAL, when) == -EINTR)
		return interrupt_error("the parties before at a barrier");
	return 0;
}

static int wait(brood_barrier *b, deadline when)
{
	heap_owner me = life_owner();
	if (!me)
		return -errno;
	for (;;) {
		uint32_t word = atomic_load(&b->word), generation = generation_of(word);
		if (word & BROKEN)
			return broken(b);
		int index = take_place(b, me, generation), r;
		if (index < 0) {
			if ((r = wait_for_end(b, word, when)) < 0)
				return r;
			continue;
		}
		bool last = (uint32_t)index == b->parties - 1;
		r = last ? finish(b, generation) : wait_for_others(b, generation, when);
		return r < 0 ? r : index;
	}
}

int brood_barrier_wait_timed(brood_barrier *barrier, double seconds)
{
	deadline when;
	int r = object_check(barrier, OBJECT_BARRIER);
	if (r < 0 || (r = deadline_in(seconds, &when)) < 0)
		return r;
	return wait(barrier, when);
}

int brood_barrier_wait(brood_barrier *barrier)
{
	int r = object_check(barrier, OBJECT_BARRIER);
	if (r < 0)
		return r;
	double seconds = barrier->timeout;
	return seconds > 0 ? brood_barrier_wait_timed(barrier, seconds)
			   : wait(barrier, DEADLINE_NEVER);
}

int brood_barrier_abort(brood_barrier *barrier)
{
	int r = object_check(barrier, OBJECT_BARRIER);
	if (r < 0)
		return r;
	atomic_fetch_or(&barrier->word, BROKEN);
	sys_futex_wake(&barrier->word, INT_MAX);
	return 0;
}

int brood_barrier_reset(brood_barrier *barrier)
{
	int r = object_check(barrier, OBJECT_BARRIER);
	if (r < 0)
		return r;
	uint32_t word = atomic_load(&barrier->word);
	while (!atomic_compare_exchange_strong(&barrier->word, &word, next_word(word, true)))
		;
	sys_futex_wake(&barrier->word, INT_MAX);
	return 0;
}

int brood_barrier_parties(const brood_barrier *barrier)
{
	int r = object_check(barrier, OBJECT_BARRIER);
	return r < 0 ? r : (int)barrier->parties;
}

int brood_barrier_waiting(const brood_barrier *barrier)
{
	int r = object_check(barrier, OBJECT_BARRIER);
	if (r < 0)
		return r;
	uint32_t word = atomic_load(&barrier->word);
	for (uint32_t i = 0; i < barrier->parties && !(word & BROKEN); i++)
		r += occupant(&barrier->place[i], generation_of(word)) != 0;
	return r;
}

bool brood_barrier_broken(const brood_barrier *barrier)
{
	return object_check(barrier, OBJECT_BARRIER) == 0 && atomic_load(&barrier->word) & BROKEN;
}

int brood_barrier_dead(const brood_barrier *barrier)
{
	int r = object_check(barrier, OBJECT_BARRIER);
	return r < 0 ? r : dead_pid(barrier);
}

int brood_barrier_format(const void *barrier, char *buffer, size_t size)
{
	if (object_check(barrier, OBJECT_BARRIER) < 0)
		return snprintf(buffer, size, "(null)");
	if (brood_barrier_broken(barrier))
		return snprintf(buffer, size, "<Barrier at %p: broken>", barrier);
	return snprintf(buffer, size, "<Barrier at %p: waiters=%d/%d>", barrier,
			brood_barrier_waiting(barrier), brood_barrier_parties(barrier));
}

int brood_barrier_free(brood_barrier *barrier)
{
	return object_free(barrier, OBJECT_BARRIER);
}
