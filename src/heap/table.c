/* SPDX-License-Identifier: MIT */

/*
 * The right to change a slot is its parent word: whoever turns it from 0 to its
 * own owner has taken a free slot; whoever turns it from a dead process's owner
 * to its own has taken over what that one left, and frees it. So a starter or
 * collector may die anywhere: its slots name it, and are collected. A slot is
 * free when the word is 0 and the state is SLOT_FREE, which only the holder
 * changes; the root alone has no parent and is never collected. A process that nobody
 * started (the program forked it itself) is its own parent: nobody releases its slot,
 * and it is collected once it is dead.
 *
 * A started child whose parent has died may be about to enter a slot that looks
 * abandoned. Reserved slots are collected only after ten seconds, and a child
 * that comes later still finds its slot taken, and takes another.
 *
 * The bits of slots_taken are hints for finding a free slot; when all say taken,
 * the collector sets them right.
 */

#include "heap/table.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/newborn.h"
#include "heap/account.h"
#include "heap/life.h"
#include "heap/memory.h"
#include "heap/reserve.h"
#include "heap/slab.h"

enum {
	RESERVED_SECONDS = 10,
	COLLECT_EVERY = 1024, /* slots taken, in a table that has many */
};

/* Where a new process is to be once it needs its slot; private to the process. */
NEWBORN_DATA static struct {
	pthread_mutex_t lock; /* against its other threads */
	table_place place;
} moving = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void settle(void);

process_slot *table_self(void)
{
	/* Pairs with the release in become(): who sees the slot sees the owner. */
	process_slot *slot = atomic_load_explicit(&account_self.slot, memory_order_acquire);
	if (slot || !heap_map.super)
		return slot;
	settle();
	return account_self.slot;
}

uint32_t table_index(const process_slot *slot)
{
	const process_slot *near = heap_map.near_slots;
	if (slot >= near && slot < near + HEAP_NEAR_SLOTS)
		return (uint32_t)(slot - near);
	return (uint32_t)(slot - heap_map.far_slots) + HEAP_NEAR_SLOTS;
}

heap_owner table_owner(const process_slot *slot)
{
	return owner_of_slot(table_index(slot), atomic_load(&slot->generation));
}

/* The pid is 0 while reserved, and for a moment after. */
static pidref process_of(const process_slot *slot)
{
	pid_t pid = atomic_load(&slot->pid);
	return (pidref){.pid = pid, .started = atomic_load(&slot->started)};
}

NEWBORN static void become(process_slot *slot)
{
	pidref self = pidref_self();
	/* The time first: with the time of the reservation the pid would name a recycled one. */
	atomic_store(&slot->started, self.started);
	atomic_store(&slot->pid, self.pid);
	account_self.owner = table_owner(slot);
	/* Pairs with the acquire in table_self(). */
	atomic_store_explicit(&account_self.slot, slot, memory_order_release);
}

void table_found(void)
{
	process_slot *slot = map_slot(0);
	atomic_fetch_or(&heap_map.super->slots_taken[0], 1);
	become(slot);
	strcpy(slot->name, "MainProcess");
	atomic_store(&slot->state, SLOT_RUNNING);
}

/* A program that goes to the background is the root's child, and the root is gone: it is the root
 * now. */
static void succeed_dead_root(void)
{
	process_slot *slot = table_self();
	pidref root = process_of(slot);
	if (root.pid != getpid() && !atomic_load(&slot->parent) && pidref_dead(root))
		become(slot);
}

static uint64_t seconds_to_ticks(uint64_t seconds)
{
	return seconds * (uint64_t)sysconf(_SC_CLK_TCK);
}

static void mark_taken(uint32_t index, bool taken)
{
	_Atomic uint64_t *bits = &heap_map.super->slots_taken[index / 64];
	uint64_t bit = UINT64_C(1) << index % 64;
	if (taken)
		atomic_fetch_or(bits, bit);
	else
		atomic_fetch_and(bits, ~bit);
}

/* The slot if it is free, and then this process's to prepare. */
static process_slot *take(uint32_t index)
{
	process_slot *slot = map_slot(index);
	uint32_t expected = 0;
	mark_taken(index, true);
	if (atomic_load(&slot->state) != SLOT_FREE ||
	    !atomic_compare_exchange_strong(&slot->parent, &expected, account_self.owner))
		return NULL;
	atomic_store(&slot->pid, 0);
	atomic_store(&slot->started, pidref_self().started);
	atomic_store(&slot->published, 0);
	atomic_store(&slot->exit_code, 0);
	memset(slot->name, 0, sizeof(slot->name));
	atomic_store(&slot->state, SLOT_RESERVED);
	return slot;
}

static bool back_slot(uint32_t index)
{
	return index < HEAP_NEAR_SLOTS ||
	       memory_back(heap_map.far_slots, sizeof(process_slot),
			   heap_map.slot_count - HEAP_NEAR_SLOTS, &heap_map.super->slots_backed,
			   index - HEAP_NEAR_SLOTS) == 0;
}

/* A slot of 64 that looks free, from the turn-th on going round. */
static process_slot *take_in(uint32_t word, uint32_t turn)
{
	uint64_t unused = ~atomic_load(&heap_map.super->slots_taken[word]);
	while (unused) {
		uint64_t behind = unused & (UINT64_MAX << turn % 64);
		uint32_t bit = (uint32_t)__builtin_ctzll(behind ? behind : unused);
		uint32_t index = word * 64 + bit;
		unused &= ~(UINT64_C(1) << bit);
		process_slot *slot =
			index < heap_map.slot_count && back_slot(index) ? take(index) : NULL;
		if (slot)
			return slot;
	}
	return NULL;
}

static process_slot *take_any(void)
{
	/* In turn, so that a slot's generations last longer. */
	uint32_t turn = atomic_fetch_add(&heap_map.super->slot_turn, 1);
	for (uint32_t word = 0; word < (heap_map.slot_count + 63) / 64; word++) {
		process_slot *slot = take_in(word, turn);
		if (slot)
			return slot;
	}
	return NULL;
}

static void release(process_slot *slot)
{
	uint32_t generation = atomic_load(&slot->generation);
	heap_sweep(table_owner(slot));
	life_end(slot);
	atomic_store(&slot->blocks, account_word(generation + 1));
	atomic_store(&slot->generation, generation + 1);
	atomic_store(&slot->pid, 0);
	atomic_store(&slot->state, SLOT_FREE);
	atomic_store(&slot->parent, 0);
	mark_taken(table_index(slot), false);
}

void table_release(process_slot *slot)
{
	release(slot);
}

/* Whether a slot whose parent is dead is left over. */
static bool abandoned(const process_slot *slot)
{
	if (atomic_load(&slot->state) == SLOT_FREE)
		return true;
	pidref process = process_of(slot);
	if (process.pid)
		return pidref_dead(process);
	return process.started + seconds_to_ticks(RESERVED_SECONDS) < pidref_self().started;
}

/* The parent looked at last, and whether it is alive: most slots have the same few. */
typedef struct verdict {
	heap_owner parent;
	bool dead;
} verdict;

static bool parent_dead(heap_owner parent, verdict *last)
{
	if (parent == account_self.owner)
		return false;
	if (parent != last->parent)
		*last = (verdict){.parent = parent, .dead = table_dead(parent)};
	return last->dead;
}

static void collect_slot(uint32_t index, verdict *last)
{
	process_slot *slot = map_slot(index);
	uint32_t parent = atomic_load(&slot->parent);
	if (!parent) {
		if (atomic_load(&slot->state) == SLOT_FREE)
			mark_taken(index, false);
		return;
	}
	if (parent_dead(parent, last) && abandoned(slot) &&
	    atomic_compare_exchange_strong(&slot->parent, &parent, account_self.owner))
		release(slot);
}

/* Now and then, so that few are left over even if no process reserves one. */
static bool collection_is_due(void)
{
	uint32_t part = heap_map.slot_count / 4;
	uint32_t every = part < COLLECT_EVERY ? part : COLLECT_EVERY;
	return atomic_load(&heap_map.super->slot_turn) % every == every - 1;
}

static void collect(void)
{
	verdict last = {0};
	uint32_t backed = HEAP_NEAR_SLOTS + atomic_load(&heap_map.super->slots_backed);
	for (uint32_t index = 0; index < backed && index < heap_map.slot_count; index++)
		collect_slot(index, &last);
}

void table_collect(void)
{
	if (heap_map.super)
		collect();
}

process_slot *table_reserve(void)
{
	if (heap_require() < 0)
		return error_to_null(-errno);
	succeed_dead_root();
	if (collection_is_due())
		collect();
	process_slot *slot = take_any();
	if (!slot) {
		collect();
		slot = take_any();
	}
	if (!slot)
		return error_null(EAGAIN,
				  "all %u places for processes are taken: join or free processes "
				  "that have ended%s",
				  heap_map.slot_count,
				  heap_map.slot_count < HEAP_MAX_SLOTS
					  ? reserve_advice(heap_map.reserve)
					  : "");
	return slot;
}

table_place table_place_of(const process_slot *slot)
{
	return (table_place){.slot = map_slot(table_index(slot)),
			     .generation = atomic_load(&slot->generation)};
}

void table_entered(process_slot *slot, pid_t pid)
{
	uint32_t expected = SLOT_RESERVED;
	if (!atomic_compare_exchange_strong(&slot->state, &expected, SLOT_RUNNING))
		return;
	atomic_store(&slot->started, pidref_of(pid).started);
	atomic_store(&slot->pid, pid);
}

/* Whether the slot still is the one that was prepared for this process. */
NEWBORN static bool claim(table_place place)
{
	uint32_t state = SLOT_RESERVED;
	/* In a forked child this is the first touch: a read, which maps all the near records by one
	 * fault (map.h); a write would map the slot's page only. */
	if (!place.slot || atomic_load(&place.slot->generation) != place.generation)
		return false;
	return atomic_compare_exchange_strong(&place.slot->state, &state, SLOT_RUNNING) ||
	       state == SLOT_RUNNING;
}

/* A slot that is taken instead first names the process that this one was forked from as its
 * starter: until now account_self.owner is that one's. A program run anew has been nobody yet, and
 * names whose place it was to have: without a starter it would be taken for the root, and never be
 * collected. */
static void enter_another(void)
{
	if (!account_self.owner && moving.place.slot)
		account_self.owner =
			owner_of_slot(table_index(moving.place.slot), moving.place.generation);
	process_slot *slot = take_any();
	if (!slot)
		return;
	become(slot);
	atomic_store(&slot->parent, account_self.owner);
	if (collection_is_due())
		collect();
}

NEWBORN static void settle_locked(void)
{
	if (!account_self.slot && claim(moving.place))
		become(moving.place.slot);
	else if (!account_self.slot)
		enter_another();
}

static void settle(void)
{
	pthread_mutex_lock(&moving.lock);
	settle_locked();
	pthread_mutex_unlock(&moving.lock);
}

bool table_settle_now(void)
{
	if (!account_self.slot && heap_map.super && pthread_mutex_trylock(&moving.lock) == 0) {
		settle_locked();
		pthread_mutex_unlock(&moving.lock);
	}
	return account_self.slot;
}

NEWBORN void table_move(table_place place, bool now)
{
	moving.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	moving.place = place;
	account_self.slot = NULL;
	if (now)
		settle_locked(); /* nobody else knows the new lock */
}

void table_set_name(process_slot *slot, const char *name)
{
	if (slot)
		strncpy(slot->name, name, sizeof(slot->name) - 1);
}

void table_publish(int exit_code)
{
	process_slot *slot = table_self();
	if (!slot)
		return;
	atomic_store(&slot->exit_code, exit_code);
	/* Pairs with the acquire of whoever finds the status stolen. */
	atomic_store_explicit(&slot->published, 1, memory_order_release);
	atomic_store(&slot->state, SLOT_ENDED);
}

/* With a pid of 0 when it is gone, or no process. */
static pidref process_named(heap_owner owner)
{
	if (!owner_is_process(owner) || owner_slot(owner) >= heap_map.slot_count)
		return (pidref){0};
	const process_slot *slot = map_slot(owner_slot(owner));
	pidref process = process_of(slot);
	return table_owner(slot) == owner ? process : (pidref){0};
}

int table_open(heap_owner owner)
{
	pidref process = process_named(owner);
	return process.pid ? pidref_open(process) : -ESRCH;
}

pid_t table_pid(heap_owner owner)
{
	return process_named(owner).pid;
}

pid_t table_root(void)
{
	return atomic_load(&map_slot(0)->pid);
}

bool table_dead(heap_owner owner)
{
	if (!owner_is_process(owner) || owner_slot(owner) >= heap_map.slot_count)
		return false;
	const process_slot *slot = map_slot(owner_slot(owner));
	uint32_t state = atomic_load(&slot->state);
	pidref process = process_of(slot);
	if (table_owner(slot) != owner || state == SLOT_FREE)
		return true;
	return process.pid && pidref_dead(process);
}
