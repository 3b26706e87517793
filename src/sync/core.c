/* SPDX-License-Identifier: MIT */

/*
 * The lock. One word says who holds it, so that taking it and being known as its
 * holder are one instruction:
 *
 *	0               free
 *	owner           held; nobody sleeps
 *	owner | WAITED  held; who lets it go wakes one sleeper
 *	POISONED        for ever: the holder of a lock with that option has died
 *
 * The sleepers sleep on the word and on the life word of the holder that they saw
 * (life_wait), so a holder's death wakes them. One of them finds the holder
 * dead, puts its own name in the holder's place, and is told BROOD_OWNER_DIED.
 * There is no list of held locks: a process may hold any number.
 *
 * One sleeper is woken at a time, and takes the lock with WAITED since it cannot
 * know whether others sleep on. These watch a holder that has let go; and if the
 * woken one is killed before it has the lock, or sees that another was faster, nobody
 * would wake them. Therefore nobody sleeps for longer than CORE_STEP_NS
 * before it looks at the word anew. A holder's death is noticed at once where anybody has gone
 * to sleep since it took the lock, and else, when it was handed the lock while all others
 * slept, after at most that time. It could wake one of them to watch it, but that
 * second wake costs contended locks a tenth of their throughput and more.
 *
 * | killed                               | is left                 | repaired by              |
 * | ------------------------------------ | ----------------------- | ------------------------ |
 * | before the taking CAS                | nothing                 |                          |
 * | holding, or between any two steps of | the word with its name  | the next taker           |
 * | taking and releasing but the last    |                         |                          |
 * | after the releasing CAS, before the  | a free lock, sleepers   | its death wakes who saw  |
 * | wake                                 |                         | it hold, a step the rest |
 * | after setting WAITED, or asleep      | one wake too many       | the next release         |
 * | woken, before it took the lock       | a free lock, sleepers   | a step                   |
 */

#include "sync/core.h"

#include <stdio.h>
#include <unistd.h>

#include "base/interrupt.h"
#include "base/sys.h"
#include "log/log.h"

#ifndef CORE_SPINS
#define CORE_SPINS 100
#endif

#define MAIN_THREAD UINT32_MAX

static _Atomic uint32_t threads;

/* A thread that has forked lives on in the child with its number there: not the owner's. */
static _Thread_local uint32_t thread_number __attribute__((tls_model("initial-exec")));

uint64_t core_thread(heap_owner me)
{
	if (!thread_number)
		thread_number =
			gettid() == getpid() ? MAIN_THREAD : atomic_fetch_add(&threads, 1) + 1;
	return (uint64_t)me << 32 | thread_number;
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool take_free(core *lock, heap_owner me)
{
	uint32_t word = 0;
	return atomic_compare_exchange_strong(&lock->word, &word, me);
}

/* Short critical sections end before a sleep would have begun; with one processor nothing ends
 * while we look. */
static bool spin(core *lock, heap_owner me)
{
	static _Atomic int processors;
	int count = atomic_load_explicit(&processors, memory_order_relaxed);
	if (!count) {
		count = (int)sysconf(_SC_NPROCESSORS_ONLN);
		atomic_store_explicit(&processors, count, memory_order_relaxed);
	}
	for (int i = 0; count > 1 && i < CORE_SPINS; i++) {
		uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
		if (word == 0 && take_free(lock, me))
			return true;
		if (word & CORE_WAITED)
			return false;
		pause_briefly();
	}
	return false;
}

/* The holder in `word` is dead. 1 when the calling process now holds the lock in its place, 0 when
 * another was faster. */
static int inherit(core *lock, uint32_t word, heap_owner me)
{
	uint32_t to = lock->poison ? CORE_POISONED : me | (word & CORE_WAITED);
	if (!atomic_compare_exchange_strong(&lock->word, &word, to))
		return 0;
	if (!lock->poison)
		return BROOD_OWNER_DIED;
	sys_futex_wake(&lock->word, INT32_MAX);
	return -ENOTRECOVERABLE;
}

static int take_slowly(core *lock, heap_owner me, deadline when)
{
	uint32_t taken =
		me; /* what the word becomes: who has slept does not know who else sleeps */
	for (;;) {
		uint32_t word = atomic_load(&lock->word);
		heap_owner holder = word & ~CORE_WAITED;
		if (word == CORE_POISONED)
			return -ENOTRECOVERABLE;
		if (holder == 0) {
			if (atomic_compare_exchange_strong(&lock->word, &word, taken))
				return 0;
			continue;
		}
		if (life_dead(holder)) {
			int r = inherit(lock, word, taken);
			if (r)
				return r;
			continue;
		}
		if (core_passed(when))
			return -ETIMEDOUT;
		if (!(word & CORE_WAITED) &&
		    !atomic_compare_exchange_strong(&lock->word, &word, word | CORE_WAITED))
			continue;
		if (life_wait(&lock->word, holder | CORE_WAITED, holder,
			      core_step(when, CORE_STEP_NS)) == -EINTR)
			return -EINTR;
		taken = me | CORE_WAITED;
	}
}

static int fail(int r)
{
	if (r == -ENOTRECOVERABLE)
		return error_set(-r, "a process died while it held the lock, which is therefore "
				     "poisoned: make a new one, and what it protects anew");
	if (r == -ETIMEDOUT)
		return error_set(-r, "the lock was held all the time");
	if (r == -EINTR)
		return interrupt_error("a lock");
	return r;
}

static int take(core *lock, heap_owner me, deadline when)
{
	int r = core_passed(when) || !spin(lock, me) ? take_slowly(lock, me, when) : 0;
	return r < 0 ? fail(r) : r;
}

static void note_thread(core *lock, heap_owner me)
{
	atomic_store_explicit(&lock->thread, core_thread(me), memory_order_relaxed);
}

int core_take(core *lock, deadline when)
{
	heap_owner me = life_owner();
	if (!me)
		return -errno;
	int r = take_free(lock, me) ? 0 : take(lock, me, when);
	if (r >= 0)
		note_thread(lock, me);
	return r;
}

int core_take_through(core *lock)
{
	int r;
	bool interrupted = false;
	while ((r = core_take(lock, DEADLINE_NEVER)) == -EINTR)
		interrupted = true;
	if (interrupted)
		brood_interrupt();
	return r;
}

/* Whether the calling process holds the lock: then it is registered. */
static bool is_ours(uint32_t word)
{
	return word && (word & ~CORE_WAITED) == life_known();
}

/* Why another's lock cannot be let go; 0 when it can. */
static int check_drop(const core *lock, uint32_t word)
{
	if (word == 0)
		return error_set(EINVAL, "the lock is released too many times: it is free");
	bool dead = word != CORE_POISONED && life_dead(word & ~CORE_WAITED);
	if (word == CORE_POISONED || (dead && lock->poison))
		return fail(-ENOTRECOVERABLE);
	return dead ? error_set(EPERM, "the lock's holder has died: acquire it, and be told so, "
				       "before you release it")
		    : 0;
}

int core_drop(core *lock)
{
	uint32_t word = atomic_load_explicit(&lock->word, memory_order_relaxed);
	do {
		int r = is_ours(word) ? 0 : check_drop(lock, word);
		if (r < 0)
			return r;
	} while (!atomic_compare_exchange_weak(&lock->word, &word, 0));
	if (word & CORE_WAITED)
		sys_futex_wake(&lock->word, 1);
	return 0;
}

/* The holder writes its thread after it has taken the lock: what this thread finds of itself it has
 * written itself, and, in a recursive lock, not yet taken back. In a plain one it is not taken
 * back, which would cost each release; there a thread that uses a condition without its lock may go
 * unnoticed, in the moment when another thread of its process is taking the lock. */
bool core_is_mine(const core *lock)
{
	return is_ours(atomic_load_explicit(&lock->word, memory_order_relaxed)) &&
	       atomic_load_explicit(&lock->thread, memory_order_relaxed) ==
		       core_thread(life_known());
}

static uint32_t depth_of(const core *lock)
{
	return atomic_load_explicit(&lock->depth, memory_order_relaxed);
}

static void set_depth(core *lock, uint32_t depth)
{
	atomic_store_explicit(&lock->depth, depth, memory_order_relaxed);
}

static int take_deeper(core *lock)
{
	uint32_t depth = depth_of(lock);
	if (depth == UINT32_MAX)
		return error_set(EOVERFLOW, "the rlock has been taken %u times", UINT32_MAX);
	set_depth(lock, depth + 1);
	return 0;
}

int core_take_again(core *lock, deadline when)
{
	heap_owner me = life_owner();
	if (!me)
		return -errno;
	int r = 0;
	uint32_t word = 0;
	if (!atomic_compare_exchange_strong(&lock->word, &word, me)) {
		if (is_ours(word) && core_is_mine(lock))
			return take_deeper(lock);
		r = take(lock, me, when);
	}
	if (r < 0)
		return r;
	note_thread(lock, me);
	set_depth(lock, 1);
	return r;
}

int core_drop_once(core *lock)
{
	if (!core_is_mine(lock)) {
		if (atomic_load(&lock->word) == CORE_POISONED)
			return fail(-ENOTRECOVERABLE);
		return error_set(EPERM, "attempt to release a recursive lock not owned by thread: "
					"only the thread that acquired it can release it");
	}
	uint32_t depth = depth_of(lock) - 1;
	set_depth(lock, depth);
	if (depth)
		return 0;
	atomic_store_explicit(&lock->thread, 0, memory_order_relaxed);
	return core_drop(lock);
}

enum { HOLDER_SIZE = 96 };

static const char *holder_of(const core *lock, char buffer[HOLDER_SIZE])
{
	uint32_t word = atomic_load(&lock->word);
	if (word == 0)
		return "None";
	if (word == CORE_POISONED)
		return "poisoned";
	if (!is_ours(word))
		return "SomeOtherProcess";
	if (!core_is_mine(lock))
		return "SomeOtherThread";
	const char *name = log_process_name();
	if (gettid() == getpid())
		return name;
	snprintf(buffer, HOLDER_SIZE, "%.64s|Thread-%u", name, thread_number);
	return buffer;
}

int core_format(const core *lock, bool recursive, char *buffer, size_t size)
{
	char holder[HOLDER_SIZE];
	const char *name = holder_of(lock, holder);
	if (!recursive)
		return snprintf(buffer, size, "<Lock(owner=%s)>", name);
	if (core_is_mine(lock))
		return snprintf(buffer, size, "<RLock(%s, %u)>", name, atomic_load(&lock->depth));
	bool held = atomic_load(&lock->word) != 0;
	return snprintf(buffer, size, "<RLock(%s, %s)>", name, held ? "nonzero" : "0");
}
