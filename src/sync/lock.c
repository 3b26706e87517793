/* SPDX-License-Identifier: MIT */

#include <stdio.h>

#include "base/options.h"
#include "sync/core.h"

static core *new_core(object_kind kind, const brood_lock_options *given)
{
	brood_lock_options options = {0};
	if (options_copy(given, &options, sizeof(options), "use brood_lock_new()") < 0)
		return error_to_null(-errno);
	brood_lock *lock = object_new(kind, sizeof(*lock));
	if (!lock)
		return NULL;
	lock->core.poison = options.poison;
	return &lock->core;
}

brood_lock *brood_lock_new_with(const brood_lock_options *options)
{
	core *made = new_core(OBJECT_LOCK, options);
	return made ? (brood_lock *)((char *)made - offsetof(brood_lock, core)) : NULL;
}

brood_rlock *brood_rlock_new_with(const brood_lock_options *options)
{
	core *made = new_core(OBJECT_RLOCK, options);
	return made ? (brood_rlock *)((char *)made - offsetof(brood_rlock, core)) : NULL;
}

static int lock_acquire(brood_lock *lock, deadline when)
{
	int r = object_check(lock, OBJECT_LOCK);
	return r < 0 ? r : core_take(&lock->core, when);
}

int brood_lock_acquire(brood_lock *lock)
{
	return lock_acquire(lock, DEADLINE_NEVER);
}

int brood_lock_acquire_timed(brood_lock *lock, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : lock_acquire(lock, when);
}

int brood_lock_acquire_nowait(brood_lock *lock)
{
	return lock_acquire(lock, 0);
}

int brood_lock_release(brood_lock *lock)
{
	int r = object_check(lock, OBJECT_LOCK);
	return r < 0 ? r : core_drop(&lock->core);
}

bool brood_lock_locked(const brood_lock *lock)
{
	return object_check(lock, OBJECT_LOCK) == 0 && atomic_load(&lock->core.word) != 0;
}

int brood_lock_format(const void *lock, char *buffer, size_t size)
{
	if (object_check(lock, OBJECT_LOCK) < 0)
		return snprintf(buffer, size, "(null)");
	return core_format(&((const brood_lock *)lock)->core, false, buffer, size);
}

int brood_lock_free(brood_lock *lock)
{
	return object_free(lock, OBJECT_LOCK);
}

static int rlock_acquire(brood_rlock *rlock, deadline when)
{
	int r = object_check(rlock, OBJECT_RLOCK);
	return r < 0 ? r : core_take_again(&rlock->core, when);
}

int brood_rlock_acquire(brood_rlock *rlock)
{
	return rlock_acquire(rlock, DEADLINE_NEVER);
}

int brood_rlock_acquire_timed(brood_rlock *rlock, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : rlock_acquire(rlock, when);
}

int brood_rlock_acquire_nowait(brood_rlock *rlock)
{
	return rlock_acquire(rlock, 0);
}

int brood_rlock_release(brood_rlock *rlock)
{
	int r = object_check(rlock, OBJECT_RLOCK);
	return r < 0 ? r : core_drop_once(&rlock->core);
}

bool brood_rlock_locked(const brood_rlock *rlock)
{
	return object_check(rlock, OBJECT_RLOCK) == 0 && atomic_load(&rlock->core.word) != 0;
}

int brood_rlock_format(const void *rlock, char *buffer, size_t size)
{
	if (object_check(rlock, OBJECT_RLOCK) < 0)
		return snprintf(buffer, size, "(null)");
	return core_format(&((const brood_rlock *)rlock)->core, true, buffer, size);
}

int brood_rlock_free(brood_rlock *rlock)
{
	return object_free(rlock, OBJECT_RLOCK);
}
