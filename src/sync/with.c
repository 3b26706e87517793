/* SPDX-License-Identifier: MIT */
/* Scoped use of whatever can be acquired. */

#include "sync/object.h"

static int take(void *o)
{
	switch (object_kind_of(o)) {
	case OBJECT_RLOCK:
		return brood_rlock_acquire(o);
	case OBJECT_SEMAPHORE:
		return brood_semaphore_acquire(o);
	case OBJECT_CONDITION:
		return brood_condition_acquire(o);
	default:
		return brood_lock_acquire(o);
	}
}

static void let_go(void *o)
{
	switch (object_kind_of(o)) {
	case OBJECT_RLOCK:
		brood_rlock_release(o);
		break;
	case OBJECT_SEMAPHORE:
		brood_semaphore_release(o);
		break;
	case OBJECT_CONDITION:
		brood_condition_release(o);
		break;
	default:
		brood_lock_release(o);
	}
}

void *brood_with_begin(void *o)
{
	return take(o) < 0 ? NULL : o;
}

void brood_with_end(void *held)
{
	void **o = held;
	if (*o)
		let_go(*o);
	*o = NULL;
}
