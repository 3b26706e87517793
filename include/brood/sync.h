/* SPDX-License-Identifier: MIT */
#ifndef BROOD_SYNC_H
#define BROOD_SYNC_H

/*
 * Locks, semaphores, events, conditions and barriers between processes and their
 * threads, and shared values. All live in the family's heap and are passed by
 * plain pointer (BROOD_VALUE(lock), or as a field of a described struct), at any
 * time:
 *
 *	brood_lock *lock = brood_lock_new();
 *	brood_start(.target = worker, .args = BROOD_VALUE(lock));
 *
 *	BROOD_WITH (lock) {
 *		puts("one process at a time");
 *	}
 *
 * Any process may be killed at any instruction, and the others go on. A lock whose
 * holder has died is handed to the next taker, who is told by BROOD_OWNER_DIED:
 * it holds the lock, and what the lock protects may be half-changed. A dead
 * process's units of a semaphore come back. A dead waiter does no harm. The deaths
 * that count are those of processes; a thread that ends keeps what it holds.
 *
 * Waits have three forms: x() waits for ever, x_timed() for so many seconds, x_nowait()
 * looks once. Handlers of signals run meanwhile and do not end them, unless they call
 * brood_interrupt(): then a wait that has to sleep is -EINTR. In all, -ETIMEDOUT
 * says that the time is up. Taking and releasing what nobody else wants
 * makes no system call. Every function may be called from any thread, none from a signal handler.
 *
 * An object lives until it is freed, or the family has ended. Who frees it promises
 * that nobody uses it, and never will. Any pointer that is not such an object,
 * NULL included, is -EINVAL with a sentence.
 */

#include "brood/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The lock is held, but its last holder died holding it. Not negative: it is held. */
#define BROOD_OWNER_DIED 1

/*
 * Takes a lock, rlock, semaphore or condition (its lock) for the statement or block that follows,
 * and releases it when that is left, by break, return or its end; for a shared value it is given
 * brood_shared_lock(). The block is skipped when it cannot be taken (brood_error() says why); it is
 * run when the last holder died. C only.
 */
#ifndef __cplusplus
/* clang-format off */
#define BROOD_WITH(object) BROOD_WITH_NAMED(BROOD_WITH_PASTE(brood_with_, __COUNTER__), object)
#define BROOD_WITH_PASTE(a, b) BROOD_WITH_PASTE_(a, b)
#define BROOD_WITH_PASTE_(a, b) a##b
#define BROOD_WITH_NAMED(name, object)                                                             \
	for (void *name __attribute__((cleanup(brood_with_end))) = brood_with_begin(object);       \
	     name; brood_with_end(&name))
/* clang-format on */
#endif

/* What BROOD_WITH() expands to; not called by name. */
BROOD_API void *brood_with_begin(void *object);
BROOD_API void brood_with_end(void *object);

/* What brood_lock_repr() and its like expand to. */
#define BROOD_SYNC_REPR_SIZE 256
#define BROOD_SYNC_REPR(format, object) \
	brood_sync_repr(format, (object), (char[BROOD_SYNC_REPR_SIZE]){0})

/*
 * Locks.
 *
 * A lock is not recursive: who holds it and takes it again waits for itself. Any
 * process or thread may release it.
 */
typedef struct brood_lock_options {
	/* sizeof(brood_lock_options); the macros fill it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_lock_options);
#define BROOD_SYNC_ZERO \
	{               \
	}
#else
	size_t size;
#define BROOD_SYNC_ZERO
#endif
	/* When its holder has died, nobody gets it any more: -ENOTRECOVERABLE. */
	bool poison BROOD_SYNC_ZERO;
} brood_lock_options;

/*
 * Makes a lock or rlock, free: brood_lock_new(), brood_lock_new(.poison = true). NULL with errno
 * ENOMEM (as brood_alloc()), EINVAL. From the specification: Lock(), RLock().
 */
#ifndef __cplusplus
#define brood_lock_new(...)  \
	brood_lock_new_with( \
		&(const brood_lock_options){.size = sizeof(brood_lock_options), __VA_ARGS__})
#define brood_rlock_new(...)  \
	brood_rlock_new_with( \
		&(const brood_lock_options){.size = sizeof(brood_lock_options), __VA_ARGS__})
#endif
BROOD_API brood_lock *brood_lock_new_with(const brood_lock_options *options);

/*
 * Takes the lock. Returns 0; BROOD_OWNER_DIED: taken, but its last holder died holding it, so
 * look at what it protects; -ETIMEDOUT: held by another all the time; -ENOTRECOVERABLE: the
 * holder of a lock with .poison died (make a new one); -EINVAL. Negative: not taken.
 * From the specification: acquire(block, timeout).
 */
BROOD_API int brood_lock_acquire(brood_lock *lock);
BROOD_API int brood_lock_acquire_timed(brood_lock *lock, double seconds);
BROOD_API int brood_lock_acquire_nowait(brood_lock *lock);

/*
 * Lets the lock go, whoever has taken it. Returns 0; -EINVAL: it is free ("released too many
 * times"), or no lock; -EPERM: its holder has died (acquire it first, so that you are told);
 * -ENOTRECOVERABLE. From the specification: release().
 */
BROOD_API int brood_lock_release(brood_lock *lock);

/* Whether somebody holds it, at this moment; false on error. */
BROOD_API bool brood_lock_locked(const brood_lock *lock);

/*
 * As text: "<Lock(owner=None)>", with the holder as MainProcess (the calling thread and process),
 * MainProcess|Thread-1, SomeOtherThread or SomeOtherProcess. brood_lock_repr() is a string that
 * lives to the end of the enclosing block; brood_lock_format() is snprintf. So for all below.
 */
#ifndef __cplusplus
#define brood_lock_repr(lock) BROOD_SYNC_REPR(brood_lock_format, lock)
#endif
BROOD_API int brood_lock_format(const void *lock, char *buffer, size_t size);

/* Frees it; NULL is allowed. Returns 0, or -EINVAL when it is none, or freed already. */
BROOD_API int brood_lock_free(brood_lock *lock);

/*
 * Recursive locks: the thread that holds one may take it again, and lets it go with as many
 * releases. Only that thread of that process can.
 */
BROOD_API brood_rlock *brood_rlock_new_with(const brood_lock_options *options);

/* As those of the lock. BROOD_OWNER_DIED is told once: the rlock is then held once. */
BROOD_API int brood_rlock_acquire(brood_rlock *rlock);
BROOD_API int brood_rlock_acquire_timed(brood_rlock *rlock, double seconds);
BROOD_API int brood_rlock_acquire_nowait(brood_rlock *rlock);

/* Takes one acquire back. Returns 0; -EPERM: the calling thread does not hold it; -EINVAL. */
BROOD_API int brood_rlock_release(brood_rlock *rlock);

BROOD_API bool brood_rlock_locked(const brood_rlock *rlock);

/* "<RLock(MainProcess, 2)>", "<RLock(None, 0)>", "<RLock(SomeOtherProcess, nonzero)>". */
#ifndef __cplusplus
#define brood_rlock_repr(rlock) BROOD_SYNC_REPR(brood_rlock_format, rlock)
#endif
BROOD_API int brood_rlock_format(const void *rlock, char *buffer, size_t size);
BROOD_API int brood_rlock_free(brood_rlock *rlock);

/*
 * Semaphores: a number of units. An acquired unit is held by the process, and comes back
 * when that dies. A semaphore with .signal counts instead, and nobody holds anything: for
 * who acquires what others release.
 */
typedef struct brood_semaphore_options {
	/* sizeof(brood_semaphore_options); the macros fill it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_semaphore_options);
#else
	size_t size;
#endif
	/* The units at first: 0 to BROOD_SEMAPHORE_MAX with .signal, else to a million. */
	int value BROOD_SYNC_ZERO;
	/* Never more units than at first: a BoundedSemaphore. */
	bool bounded BROOD_SYNC_ZERO;
	/* Units are counted, not held. */
	bool signal BROOD_SYNC_ZERO;
} brood_semaphore_options;

#define BROOD_SEMAPHORE_MAX 2147483647

/*
 * Makes a semaphore: brood_semaphore_new(3), brood_semaphore_new(0, .signal = true).
 * brood_bounded_semaphore_new() is that with .bounded. NULL with errno EINVAL (a negative value),
 * EOVERFLOW (too large), ENOMEM. From the specification: Semaphore(value), BoundedSemaphore(value).
 */
#ifndef __cplusplus
#define brood_semaphore_new(...)                                   \
	brood_semaphore_new_with(&(const brood_semaphore_options){ \
		.size = sizeof(brood_semaphore_options), .value = __VA_ARGS__})
#define brood_bounded_semaphore_new(...)                           \
	brood_semaphore_new_with(&(const brood_semaphore_options){ \
		.size = sizeof(brood_semaphore_options), .bounded = true, .value = __VA_ARGS__})
#endif
BROOD_API brood_semaphore *brood_semaphore_new_with(const brood_semaphore_options *options);

/* Takes a unit. Returns 0, -ETIMEDOUT, -EINVAL. */
BROOD_API int brood_semaphore_acquire(brood_semaphore *semaphore);
BROOD_API int brood_semaphore_acquire_timed(brood_semaphore *semaphore, double seconds);
BROOD_API int brood_semaphore_acquire_nowait(brood_semaphore *semaphore);

/*
 * Gives a unit back: one that the calling process holds, else one that another holds; when nobody
 * alive holds any there is one more than at first. Returns 0; -EINVAL for a bounded one that is
 * full ("released too many times"); -EOVERFLOW at BROOD_SEMAPHORE_MAX; -ENOMEM.
 */
BROOD_API int brood_semaphore_release(brood_semaphore *semaphore);

/* How many units can be taken at this moment; -EINVAL. From the specification: get_value(). */
BROOD_API int brood_semaphore_value(const brood_semaphore *semaphore);

/* "<Semaphore(value=3)>", "<BoundedSemaphore(value=1, maxvalue=2)>". */
#ifndef __cplusplus
#define brood_semaphore_repr(semaphore) BROOD_SYNC_REPR(brood_semaphore_format, semaphore)
#endif
BROOD_API int brood_semaphore_format(const void *semaphore, char *buffer, size_t size);
BROOD_API int brood_semaphore_free(brood_semaphore *semaphore);

/* Events: a flag that processes wait for. Made unset. NULL with errno ENOMEM. */
BROOD_API brood_event *brood_event_new(void);

/* Sets it, and wakes everyone who waits. Returns 0, also when it is set; -EINVAL. */
BROOD_API int brood_event_set(brood_event *event);
BROOD_API int brood_event_clear(brood_event *event);

/* Whether it is set; false on error. */
BROOD_API bool brood_event_is_set(const brood_event *event);

/*
 * Waits until it is set; at once when it is. Who waits while it is set returns even if it is
 * cleared at once. Returns 0, -ETIMEDOUT, -EINVAL. From the specification: wait(timeout).
 */
BROOD_API int brood_event_wait(brood_event *event);
BROOD_API int brood_event_wait_timed(brood_event *event, double seconds);

/* "<Event at 0x... unset>". */
#ifndef __cplusplus
#define brood_event_repr(event) BROOD_SYNC_REPR(brood_event_format, event)
#endif
BROOD_API int brood_event_format(const void *event, char *buffer, size_t size);
BROOD_API int brood_event_free(brood_event *event);

/*
 * Conditions: a lock, and waiting for what others change under it.
 *
 *	brood_condition_acquire(c);            brood_condition_acquire(c);
 *	while (!ready)                         ready = true;
 *		brood_condition_wait(c);       brood_condition_notify_all(c);
 *	brood_condition_release(c);            brood_condition_release(c);
 */
typedef struct brood_condition_options {
	/* sizeof(brood_condition_options); the macros fill it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_condition_options);
#else
	size_t size;
#endif
	/* At most one: the lock to use, which outlives the condition; none: an rlock of its own. */
	brood_lock *lock BROOD_SYNC_ZERO;
	brood_rlock *rlock BROOD_SYNC_ZERO;
} brood_condition_options;

/* Makes a condition: brood_condition_new(), brood_condition_new(.lock = lock). NULL with errno
 * EINVAL, ENOMEM. From the specification: Condition(lock). */
#ifndef __cplusplus
#define brood_condition_new(...)                                   \
	brood_condition_new_with(&(const brood_condition_options){ \
		.size = sizeof(brood_condition_options), __VA_ARGS__})
#endif
BROOD_API brood_condition *brood_condition_new_with(const brood_condition_options *options);

/* Its lock; as brood_lock_acquire() or brood_rlock_acquire(), and release. */
BROOD_API int brood_condition_acquire(brood_condition *condition);
BROOD_API int brood_condition_acquire_timed(brood_condition *condition, double seconds);
BROOD_API int brood_condition_acquire_nowait(brood_condition *condition);
BROOD_API int brood_condition_release(brood_condition *condition);

/*
 * Lets the lock go, however often it is held, until a notify() chooses this waiter or the time
 * is up; then takes it again as before. Returns 0: notified; -ETIMEDOUT: not;
 * BROOD_OWNER_DIED: one or the other, and the lock's last holder died holding it;
 * -EPERM: the lock is not held by the caller, nothing was done; -EINTR; -EINVAL. With all these
 * the lock is held again as it was. -ENOTRECOVERABLE: the lock is poisoned, and not held.
 * From the specification: wait(timeout).
 */
BROOD_API int brood_condition_wait(brood_condition *condition);
BROOD_API int brood_condition_wait_timed(brood_condition *condition, double seconds);

/*
 * Waits until predicate(arg), called with the lock held, is true. Returns 0: it is; -ETIMEDOUT: the
 * time is up and it is not; otherwise as brood_condition_wait(): at BROOD_OWNER_DIED the predicate
 * was not asked again, since what it would look at may be broken. From the specification:
 * wait_for(predicate, timeout).
 */
BROOD_API int brood_condition_wait_for(brood_condition *condition, bool (*predicate)(void *arg),
				       void *arg);
BROOD_API int brood_condition_wait_for_timed(brood_condition *condition,
					     bool (*predicate)(void *arg), void *arg,
					     double seconds);

/*
 * Wakes at most n of those that wait, the longest waiting first, or all; with the lock held. Does
 * not wait for them. It is not remembered: when nobody waits nothing happens, and what one that is
 * killed before it returned had got goes only to one that waited then, too. Returns how many
 * were chosen; -EPERM: the lock is not held by the caller; -EINVAL.
 * From the specification: notify(n), notify_all().
 */
BROOD_API int brood_condition_notify(brood_condition *condition, int n);
BROOD_API int brood_condition_notify_all(brood_condition *condition);

/* "<Condition(<RLock(None, 0)>, 0)>": its lock, and how many wait. */
#ifndef __cplusplus
#define brood_condition_repr(condition) BROOD_SYNC_REPR(brood_condition_format, condition)
#endif
BROOD_API int brood_condition_format(const void *condition, char *buffer, size_t size);
BROOD_API int brood_condition_free(brood_condition *condition);

/* Barriers: so many parties wait for each other, again and again. */
typedef struct brood_barrier_options {
	/* sizeof(brood_barrier_options); the macros fill it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_barrier_options);
#else
	size_t size;
#endif
	/* How many; 1 to 32767. */
	int parties BROOD_SYNC_ZERO;
	/* Called in the process that arrives last, before the others go on. Must be a function of
	 * the program or of a library that every party has. Not 0: it failed, the barrier breaks.
	 */
	int (*action)(void) BROOD_SYNC_ZERO;
	/* Of brood_barrier_wait(), in seconds; 0: for ever; less is EINVAL. */
	double timeout BROOD_SYNC_ZERO;
} brood_barrier_options;

/* Makes a barrier: brood_barrier_new(4), brood_barrier_new(2, .timeout = 1.5). NULL with errno
 * EINVAL, ENOMEM. From the specification: Barrier(parties, action, timeout). */
#ifndef __cplusplus
#define brood_barrier_new(...)                                 \
	brood_barrier_new_with(&(const brood_barrier_options){ \
		.size = sizeof(brood_barrier_options), .parties = __VA_ARGS__})
#endif
BROOD_API brood_barrier *brood_barrier_new_with(const brood_barrier_options *options);

/*
 * Waits until all parties do, or for the barrier's own timeout, or for so many seconds.
 * Returns the order of arrival, 0 to parties - 1, different for each. A timeout, a
 * failed action, brood_barrier_abort() and the death of a process that waits break the
 * barrier for all: -ECANCELED, with a sentence that names the process that died, if one did, or
 * -ETIMEDOUT for the one whose time is up, or -EINTR for the one that is interrupted; so does
 * brood_barrier_reset() for those who wait. -EINVAL. Who comes while the parties before still run
 * their action waits for the next turn; a timeout or interrupt then breaks nothing.
 * From the specification: wait(timeout), BrokenBarrierError.
 */
BROOD_API int brood_barrier_wait(brood_barrier *barrier);
BROOD_API int brood_barrier_wait_timed(brood_barrier *barrier, double seconds);

/* Breaks it until it is reset. Returns 0 or -EINVAL. */
BROOD_API int brood_barrier_abort(brood_barrier *barrier);

/* Makes it whole and empty; who waits gets -ECANCELED. Returns 0 or -EINVAL. */
BROOD_API int brood_barrier_reset(brood_barrier *barrier);

/*
 * How many there must be, and how many wait at this moment; -EINVAL. The death of one that waited
 * is known here, and below, when another waits.
 */
BROOD_API int brood_barrier_parties(const brood_barrier *barrier);
BROOD_API int brood_barrier_waiting(const brood_barrier *barrier);

/* Whether it is broken; false on error. */
BROOD_API bool brood_barrier_broken(const brood_barrier *barrier);

/* The process id of the party whose death broke it; 0: none did; -EINVAL. */
BROOD_API int brood_barrier_dead(const brood_barrier *barrier);

/* "<Barrier at 0x...: waiters=0/2>", "<Barrier at 0x...: broken>". */
#ifndef __cplusplus
#define brood_barrier_repr(barrier) BROOD_SYNC_REPR(brood_barrier_format, barrier)
#endif
BROOD_API int brood_barrier_format(const void *barrier, char *buffer, size_t size);
BROOD_API int brood_barrier_free(brood_barrier *barrier);

/*
 * Shared values: an object, or an array of them, of any type that holds no private pointers, with
 * a lock of its own. The pointer is an ordinary one; pass it with BROOD_SHARE().
 *
 *	int *n = brood_shared_new(int, 7);
 *	double *sums = brood_array_new(double, 1000);
 *	int *primes = brood_array_of(int, 2, 3, 5);
 *
 *	BROOD_WITH (brood_shared_lock(n))
 *		++*n;
 *
 * brood_shared_new(T, {...}) is a struct written out, brood_array_new() is zero. T may be _Atomic.
 * NULL with errno ENOMEM. From the specification: Value(type, value), Array(type, size or
 * sequence); the lock is there whether it is used or not, and access does not take it.
 */
#ifndef __cplusplus
/* clang-format off */
#define brood_shared_new(T, ...)                                                                   \
	((__typeof__(T) *)brood_shared_new_from(                                                   \
		sizeof(T), 1, &(const struct { char first; __typeof__(T) value; }){0, __VA_ARGS__}.value))
#define brood_array_new(T, count)                                                                  \
	((__typeof__(T) *)brood_shared_new_from(sizeof(T), (count), NULL))
#define brood_array_of(T, ...)                                                                     \
	((__typeof__(T) *)brood_shared_new_from(                                                   \
		sizeof(T), sizeof((const __typeof__(T)[]){__VA_ARGS__}) / sizeof(T),               \
		(const __typeof__(T)[]){__VA_ARGS__}))
/* clang-format on */
#endif

/* count elements of element_size bytes, copied from `from` (NULL: zero). NULL with errno EINVAL
 * for no elements, ENOMEM. */
BROOD_API void *brood_shared_new_from(size_t element_size, size_t count, const void *from);

/* Another one with the same content, its lock free. NULL with errno EINVAL, ENOMEM. */
BROOD_API void *brood_shared_copy(const void *value);

/* How many elements it has: 1 but for arrays. 0 with errno EINVAL when it is none. */
BROOD_API size_t brood_shared_count(const void *value);

/* Its lock, borrowed; NULL with errno EINVAL. From the specification: get_lock(). */
BROOD_API brood_rlock *brood_shared_lock(void *value);

/* Frees it; NULL is allowed. Returns 0, or -EINVAL. */
BROOD_API int brood_shared_free(void *value);

/* What the repr macros expand to; not called by name. */
static inline const char *brood_sync_repr(int (*format)(const void *, char *, size_t),
					  const void *object, char *buffer)
{
	format(object, buffer, BROOD_SYNC_REPR_SIZE);
	return buffer;
}

#ifdef __cplusplus
}
#endif

#endif
