/* SPDX-License-Identifier: MIT */

/*
 * Each waiter has a seat (seats.h), which names its process, and on whose word it
 * sleeps; its mark says when it came and, from when it is chosen, who had come by the
 * notify. Seats are taken, chosen and given up under the condition's lock. To notify is to set
 * CHOSEN in the word of the seat with the oldest mark and to wake its sleeper, in one system call:
 * nobody can be killed between. The notifier waits for nobody.
 *
 * A waiter gives its seat up when it has the lock again. If its time was up and it was chosen
 * all the same, it was notified: no notify is lost by that. A seat of a dead process is free.
 * If that had been chosen, the notify goes to another waiter that had come by then: the one that
 * notices it, which each does once a second, as nobody is told; or, when somebody else comes or
 * notifies before, the oldest. Without any it is forgotten.
 *
 * | killed                          | is left                      | repaired by              |
 * | ------------------------------- | ---------------------------- | ------------------------ |
 * | waiting                         | a seat of a dead process     | who needs a seat         |
 * | chosen, before it holds the     | a chosen seat of a dead      | another waiter, within a |
 * | lock again                      | process                      | second                   |
 * | in notify(), or passing one on  | some chosen and awake, the   | the lock's next taker is |
 * |                                 | rest waiting; the lock       | told                     |
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/options.h"
#include "base/interrupt.h"
#include "base/sys.h"
#include "sync/core.h"
#include "sync/seats.h"

#define CHOSEN UINT32_C(0x80000000)

enum { STEP_NS = 1000000000 };

struct brood_condition {
	object object;
	core own;		/* an rlock, used when none was given */
	object *lock;		/* a lock or rlock; NULL: own */
	_Atomic uint32_t marks; /* counts the waits */
	uint32_t reserved;
	seats seats;
};

brood_condition *brood_condition_new_with(const brood_condition_options *given)
{
	brood_condition_options options = {0};
	if (options_copy(given, &options, sizeof(options), "use brood_condition_new()") < 0 ||
	    (options.lock && object_check(options.lock, OBJECT_LOCK) < 0) ||
	    (options.rlock && object_check(options.rlock, OBJECT_RLOCK) < 0))
		return error_to_null(-errno);
	if (options.lock && options.rlock)
		return error_null(EINVAL, "a condition has one lock: give .lock or .rlock");
	brood_condition *made = object_new(OBJECT_CONDITION, offsetof(brood_condition, seats) +
								     seats_size(SEATS_AT_FIRST));
	if (!made)
		return NULL;
	made->lock = options.lock ? &options.lock->object : NULL;
	if (options.rlock)
		made->lock = &options.rlock->object;
	made->seats.count = SEATS_AT_FIRST;
	return made;
}

static bool is_recursive(const brood_condition *c)
{
	return !c->lock || object_kind_of(c->lock) == OBJECT_RLOCK;
}

static core *core_of(brood_condition *c)
{
	_Static_assert(offsetof(brood_lock, core) == offsetof(brood_rlock, core), "one for both");
	return c->lock ? &((brood_lock *)c->lock)->core : &c->own;
}

static int check(const brood_condition *c)
{
	int r = object_check(c, OBJECT_CONDITION);
	if (r < 0 || is_recursive(c))
		return r;
	return object_check(c->lock, OBJECT_LOCK);
}

static int check_held(brood_condition *c, const char *sentence)
{
	int r = check(c);
	if (r < 0)
		return r;
	return core_is_mine(core_of(c)) ? 0 : error_set(EPERM, "%s", sentence);
}

static int acquire(brood_condition *c, deadline when)
{
	int r = check(c);
	if (r < 0)
		return r;
	return is_recursive(c) ? core_take_again(core_of(c), when) : core_take(core_of(c), when);
}

int brood_condition_acquire(brood_condition *condition)
{
	return acquire(condition, DEADLINE_NEVER);
}

int brood_condition_acquire_timed(brood_condition *condition, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : acquire(condition, when);
}

int brood_condition_acquire_nowait(brood_condition *condition)
{
	return acquire(condition, 0);
}

int brood_condition_release(brood_condition *condition)
{
	int r = check(condition);
	if (r < 0)
		return r;
	core *lock = core_of(condition);
	return is_recursive(condition) ? core_drop_once(lock) : core_drop(lock);
}

static bool is_waiting(const seat *s)
{
	uint32_t word = atomic_load(&s->word);
	return word && !(word & CHOSEN) && !life_dead(word);
}

static bool no_later(brood_condition *c, uint32_t mark, uint32_t than)
{
	uint32_t now = atomic_load(&c->marks);
	return now - mark >= now - than;
}

/* Takes the notify of a waiter that died with it: for me, if I had come by then, or (NULL) for
 * anybody. */
static bool take_from_dead(brood_condition *c, seat *s, const seat *mine, uint32_t *ret_by)
{
	uint32_t word = atomic_load(&s->word);
	uint32_t by = atomic_load(&s->mark); /* of this word, if that is the same below */
	if (!(word & CHOSEN) || !life_dead(word & ~CHOSEN) ||
	    (mine && !no_later(c, atomic_load(&mine->mark), by)) ||
	    !atomic_compare_exchange_strong(&s->word, &word, 0))
		return false;
	*ret_by = by;
	return true;
}

/* The oldest of those that came by then. */
static seat *oldest(brood_condition *c, uint32_t by)
{
	seat *found = NULL;
	for (seat_walk w = seats_begin(&c->seats); w.seat; seats_next(&w)) {
		uint32_t mark = atomic_load(&w.seat->mark);
		if (is_waiting(w.seat) && no_later(c, mark, by)) {
			found = w.seat;
			by = mark;
		}
	}
	return found;
}

/* With the lock held. Returns how many. */
static int choose(brood_condition *c, int n, uint32_t by)
{
	int chosen = 0;
	seat *next;
	while (chosen < n && (next = oldest(c, by))) {
		atomic_store(&next->mark, by);
		sys_futex_or_wake(&next->word, CHOSEN, 1);
		chosen++;
	}
	return chosen;
}

/* With the lock held. */
static void pass_on(brood_condition *c)
{
	uint32_t by;
	for (seat_walk w = seats_begin(&c->seats); w.seat; seats_next(&w))
		if (take_from_dead(c, w.seat, NULL, &by))
			choose(c, 1, by);
}

static int notify(brood_condition *c, int n)
{
	int r = check_held(c, "the condition's lock is not owned: acquire it before a notify");
	if (r < 0)
		return r;
	if (n < 0)
		return error_set(EINVAL, "%d waiters cannot be notified", n);
	pass_on(c);
	return choose(c, n, atomic_load(&c->marks) - 1);
}

int brood_condition_notify(brood_condition *condition, int n)
{
	return notify(condition, n);
}

int brood_condition_notify_all(brood_condition *condition)
{
	return notify(condition, INT_MAX);
}

static seat *take_seat(brood_condition *c, heap_owner me)
{
	pass_on(c);
	for (;;) {
		for (seat_walk w = seats_begin(&c->seats); w.seat; seats_next(&w)) {
			uint32_t word = atomic_load(&w.seat->word);
			if (word && (word & CHOSEN || !life_dead(word)))
				continue;
			atomic_store(&w.seat->mark, atomic_fetch_add(&c->marks, 1));
			if (atomic_compare_exchange_strong(&w.seat->word, &word, me))
				return w.seat;
		}
		if (seats_grow(&c->seats, c, 0) < 0)
			return NULL;
	}
}

/* Until chosen (0), by another's choice that died with it (1), or until the time is up or the
 * thread is interrupted. */
static int sleep_in(brood_condition *c, seat *mine, heap_owner me, deadline when, uint32_t *ret_by)
{
	while (atomic_load(&mine->word) == me) {
		if (core_passed(when))
			return -ETIMEDOUT;
		if (life_wait(&mine->word, me, 0, core_step(when, STEP_NS)) == -EINTR)
			return -EINTR;
		for (seat_walk w = seats_begin(&c->seats); w.seat; seats_next(&w))
			if (w.seat != mine && take_from_dead(c, w.seat, mine, ret_by))
				return 1;
	}
	return 0;
}

/* Lets the lock go entirely; returns how often it was held. */
static uint32_t let_go(brood_condition *c)
{
	core *lock = core_of(c);
	uint32_t depth = atomic_load_explicit(&lock->depth, memory_order_relaxed);
	if (is_recursive(c)) {
		atomic_store_explicit(&lock->depth, 0, memory_order_relaxed);
		atomic_store_explicit(&lock->thread, 0, memory_order_relaxed);
	}
	core_drop(lock);
	return depth;
}

static int wait(brood_condition *c, deadline when)
{
	int r = check_held(c, "must acquire() condition before using wait()");
	if (r < 0)
		return r;
	heap_owner me = life_owner();
	seat *mine = me ? take_seat(c, me) : NULL;
	if (!mine)
		return -errno;
	uint32_t depth = let_go(c);
	uint32_t by = 0, own;
	int slept = sleep_in(c, mine, me, when, &by);
	r = core_take_through(core_of(c));
	if (r >= 0 && is_recursive(c))
		atomic_store_explicit(&core_of(c)->depth, depth, memory_order_relaxed);
	/* From here on the notify is the caller's, and nobody gets it should this process die. */
	own = atomic_load(&mine->mark);
	bool chosen = atomic_exchange(&mine->word, 0) & CHOSEN;
	if (r < 0)
		return r;
	if (chosen && slept == 1) /* two: the later one is for whom it can be */
		choose(c, 1, no_later(c, by, own) ? own : by);
	if (slept == -EINTR && (chosen || r > 0))
		brood_interrupt();
	if (r > 0 || chosen || slept >= 0)
		return r;
	if (slept == -EINTR)
		return interrupt_error("a condition");
	return error_set(ETIMEDOUT, "the condition was not notified in time");
}

int brood_condition_wait(brood_condition *condition)
{
	return wait(condition, DEADLINE_NEVER);
}

int brood_condition_wait_timed(brood_condition *condition, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : wait(condition, when);
}

static int wait_for(brood_condition *c, bool (*predicate)(void *), void *arg, deadline when)
{
	int r = check_held(c, "must acquire() condition before using wait_for()");
	if (r == 0 && !predicate)
		return error_set(EINVAL, "the predicate is NULL: use brood_condition_wait()");
	while (r == 0 && !predicate(arg)) {
		r = wait(c, when);
		if (r == -ETIMEDOUT && predicate(arg))
			return 0;
	}
	return r;
}

int brood_condition_wait_for(brood_condition *condition, bool (*predicate)(void *arg), void *arg)
{
	return wait_for(condition, predicate, arg, DEADLINE_NEVER);
}

int brood_condition_wait_for_timed(brood_condition *condition, bool (*predicate)(void *arg),
				   void *arg, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : wait_for(condition, predicate, arg, when);
}

int brood_condition_format(const void *condition, char *buffer, size_t size)
{
	brood_condition *c = (brood_condition *)(uintptr_t)condition;
	char lock[BROOD_SYNC_REPR_SIZE];
	if (check(c) < 0)
		return snprintf(buffer, size, "(null)");
	core_format(core_of(c), is_recursive(c), lock, sizeof(lock));
	int waiting = 0;
	for (seat_walk w = seats_begin(&c->seats); w.seat; seats_next(&w))
		waiting += is_waiting(w.seat);
	return snprintf(buffer, size, "<Condition(%s, %d)>", lock, waiting);
}

int brood_condition_free(brood_condition *condition)
{
	return object_free(condition, OBJECT_CONDITION);
}
