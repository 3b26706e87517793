/* SPDX-License-Identifier: MIT */

/*
 * How a death wakes. The life word of a process lies in its slot and on the list
 * of robust futexes of the thread that registered it, as if it were a mutex that this
 * thread holds: when the thread ends, however, the kernel sets LIFE_LEFT
 * in the word and wakes one who sleeps on it. Registered is whoever has first
 * asked for life_owner(); a process that takes nothing pays nothing.
 *
 * The list is glibc's own: a thread has one list only, and the program's robust
 * mutexes are on it. So an entry looks like one of them (slot_life): pointers lead to the
 * member `next`, the word lies 32 bytes before it and the pointer back 8 bytes, and glibc
 * may link its mutexes before and behind it. In a forked child glibc empties the
 * list; the child has another slot, whose word is not registered.
 *
 * The word is a hint. It is flagged while the process lives when the registering
 * thread ends (the next thread that asks registers anew) or executes a program, and some
 * moments before the process is dead in the eyes of table_dead(); then waits go on in
 * steps, short ones first, and ask table_dead() at each. It is not flagged
 * when the thread holds more robust mutexes than the kernel follows. And the one
 * that is woken may die before it has woken the rest: although whoever releases the
 * slot wakes them too, no wait for a peer sleeps longer than a second before it asks.
 *
 * | killed                             | what is left                              |
 * | ---------------------------------- | ----------------------------------------- |
 * | before the word is set             | nothing is owned yet                      |
 * | between that and the linking       | the list's pending operation names it     |
 * | after it                           | the kernel flags the word                 |
 * | woken, before it has woken others  | they wake by life_end(), or in a second   |
 */

#include "heap/life.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/sys.h"
#include "heap/owner.h"

enum {
	FIRST_STEP_NS = 100 * 1000,
	LAST_STEP_NS = 50 * 1000 * 1000,
	RECHECK_NS = 1000 * 1000 * 1000,
};

_Static_assert(offsetof(slot_life, next) - offsetof(slot_life, word) == 32 &&
		       offsetof(slot_life, next) - offsetof(slot_life, previous) == 8,
	       "glibc's mutexes on 64-bit systems");

static const long word_offset = (long)offsetof(slot_life, word) - (long)offsetof(slot_life, next);

/* The entry that a pointer of the list leads to, whose lowest bit marks the mutexes that inherit
 * priorities; the list's head looks like one, as far as `previous` and `next`. */
static slot_life *entry_at(const void *pointer)
{
	uintptr_t next = (uintptr_t)pointer & ~(uintptr_t)1;
	return (slot_life *)(next - offsetof(slot_life, next));
}

static void link_entry(struct robust_list_head *head, slot_life *life)
{
	life->next = head->list.next;
	life->previous = &head->list;
	entry_at(head->list.next)->previous = &life->next;
	/* The kernel may look at the list after any instruction. */
	atomic_signal_fence(memory_order_seq_cst);
	head->list.next = (struct robust_list *)&life->next;
	atomic_signal_fence(memory_order_seq_cst);
}

/* Without a list, or in a signal handler that has interrupted a change of it, the word stays as it
 * is, and who waits for this process does so in steps. */
static void enlist(slot_life *life)
{
	struct robust_list_head *head = sys_robust_list();
	if (!head || head->futex_offset != word_offset || head->list_op_pending)
		return;
	head->list_op_pending = (struct robust_list *)&life->next;
	atomic_signal_fence(memory_order_seq_cst);
	uint32_t old = atomic_load(&life->word);
	if (!life_registered(old) &&
	    atomic_compare_exchange_strong(&life->word, &old,
					   (uint32_t)sys_gettid() | LIFE_WATCHED)) {
		link_entry(head, life);
		/* Changes nothing. Who registers next has seen the kernel's flag, and so this
		 * entry, too; ThreadSanitizer does not see the kernel, but the word. */
		atomic_fetch_or(&life->word, 0);
	}
	head->list_op_pending = NULL;
}

heap_owner life_register(void)
{
	if (heap_require() < 0)
		return 0;
	process_slot *slot = table_self();
	if (!slot) {
		error_set(EAGAIN, "all places for processes are taken: join or free processes that "
				  "have ended");
		return 0;
	}
	enlist(&slot->life);
	return account_self.owner;
}

void life_end(process_slot *slot)
{
	if (atomic_exchange(&slot->life.word, 0))
		sys_futex_wake(&slot->life.word, INT_MAX);
}

static process_slot *slot_of(heap_owner peer)
{
	bool is_process = owner_is_process(peer) && owner_slot(peer) < heap_map.slot_count;
	return is_process ? map_slot(owner_slot(peer)) : NULL;
}

bool life_dead(heap_owner peer)
{
	process_slot *slot = slot_of(peer);
	if (!slot)
		return false;
	/* In this order: if it still is the peer's slot, then so was the word. */
	uint32_t word = atomic_load(&slot->life.word);
	if (table_owner(slot) == peer && life_registered(word))
		return false;
	return table_dead(peer);
}

/* The earlier of the deadline and so many nanoseconds from now. */
static deadline within(deadline when, int64_t ns)
{
	deadline soon = clock_now() + ns;
	return when < soon ? when : soon;
}

static _Atomic bool has_no_waitv;

/* At most LAST_STEP_NS, so that one futex is enough, which wakes sooner than several: a handler
 * that interrupts the thread ends it, and one that did so just before is heard after the step. */
static void sleep_a_step(const _Atomic uint32_t *word, uint32_t expected, deadline when)
{
	struct timespec time;
	sys_futex_wait(word, expected, deadline_left(within(when, LAST_STEP_NS), &time));
}

/*
 * Sleeps on the word, and on the life word of the slot's process while that is `life` (NULL: on
 * nobody's), until the deadline, or until the thread is interrupted. Without futex_waitv at most
 * LAST_STEP_NS, on the word alone, and false when that is not what was asked for.
 */
static bool sleep_on(const _Atomic uint32_t *word, uint32_t expected, process_slot *slot,
		     uint32_t life, deadline when)
{
	struct timespec time, *until = &time;
	sys_futex words[3] = {{word, expected}, {interrupt_word(), 0}, {0}};
	if (slot)
		words[2] = (sys_futex){&slot->life.word, life};
	if (atomic_load_explicit(&has_no_waitv, memory_order_relaxed)) {
		sleep_a_step(word, expected, when);
		return !slot;
	}
	if (when == DEADLINE_NEVER)
		until = NULL;
	else
		time = (struct timespec){when / 1000000000, when % 1000000000};
	int r = sys_futex_wait_any(words, slot ? 3 : 2, until);
	if (slot && r == 2)
		sys_futex_wake(&slot->life.word, INT_MAX);
	if (r < 0 && r != -ETIMEDOUT && r != -EINTR)
		atomic_store_explicit(&has_no_waitv, true, memory_order_relaxed);
	return true;
}

static bool passed(deadline when)
{
	return when != DEADLINE_NEVER && (when == 0 || clock_now() >= when);
}

static int wait_for_peer(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer,
			 deadline when)
{
	process_slot *slot = slot_of(peer);
	int64_t step = FIRST_STEP_NS;
	deadline ask = clock_now() + RECHECK_NS;
	while (atomic_load(word) == expected) {
		uint32_t life = atomic_load(&slot->life.word);
		bool intact = life_registered(life) && table_owner(slot) == peer;
		if ((!intact || clock_now() >= ask) && table_dead(peer))
			return -EOWNERDEAD;
		if (passed(when))
			return -ETIMEDOUT;
		if (interrupt_take())
			return -EINTR;
		if (clock_now() >= ask)
			ask = clock_now() + RECHECK_NS;
		if (intact && !sleep_on(word, expected, slot, life, within(when, RECHECK_NS)))
			ask = 0; /* nothing tells: ask each time */
		if (intact)
			continue;
		sleep_on(word, expected, NULL, 0, within(when, step));
		step = step * 2 < LAST_STEP_NS ? step * 2 : LAST_STEP_NS;
	}
	return 0;
}

int life_wait(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer, deadline when)
{
	if (peer != LIFE_SEVERAL && slot_of(peer))
		return wait_for_peer(word, expected, peer, when);
	if (atomic_load(word) != expected)
		return 0;
	if (passed(when))
		return -ETIMEDOUT;
	if (interrupt_take())
		return -EINTR;
	if (peer == LIFE_SEVERAL)
		sleep_a_step(word, expected, when);
	else
		sleep_on(word, expected, NULL, 0, when);
	return atomic_load(word) == expected && passed(when) ? -ETIMEDOUT : 0;
}
