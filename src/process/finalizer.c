/* SPDX-License-Identifier: MIT */
/* Finalizers: a short list, in the order in which they will run or have run. */

#include "process/finalizer.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/newborn.h"
#include "brood/process.h"
#include "log/log.h"
#include "process/self.h"
#include "process/symbols.h"
#include "process/trace.h"

struct brood_finalizer {
	void (*callback)(void *data);
	void *data;
	int priority;
	pid_t creator;
	bool active; /* still to run; under the lock */
	brood_finalizer *_Atomic next;
};

NEWBORN_DATA static struct {
	pthread_mutex_t lock;
	brood_finalizer *_Atomic first; /* read without the lock to see that there are none */
} finalizers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local jmp_buf *rescue;

NEWBORN void finalizers_forget(void)
{
	finalizers.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

void finalizers_rescue(void)
{
	if (rescue)
		longjmp(*rescue, 1);
}

brood_finalizer *brood_finalizer_new(void (*callback)(void *data), void *data, int priority)
{
	if (!callback)
		return error_null(EINVAL, "the finalizer's callback is NULL");
	brood_finalizer *finalizer = malloc(sizeof(*finalizer));
	if (!finalizer)
		return error_null(ENOMEM, "no memory for a finalizer");
	self_adopt();
	*finalizer = (brood_finalizer){.callback = callback,
				       .data = data,
				       .priority = priority,
				       .creator = getpid(),
				       .active = true};
	pthread_mutex_lock(&finalizers.lock);
	brood_finalizer *_Atomic *link = &finalizers.first;
	while (*link && (*link)->priority > priority)
		link = &(*link)->next;
	finalizer->next = *link;
	*link = finalizer;
	pthread_mutex_unlock(&finalizers.lock);
	return finalizer;
}

/* Claims the right to run it. It stays in the list, where leak checkers see it, until it is freed.
 * With the lock held. */
static bool take(brood_finalizer *finalizer)
{
	bool taken = finalizer->active && finalizer->creator == getpid();
	if (taken)
		finalizer->active = false;
	return taken;
}

static bool take_this(brood_finalizer *finalizer)
{
	pthread_mutex_lock(&finalizers.lock);
	bool taken = take(finalizer);
	pthread_mutex_unlock(&finalizers.lock);
	return taken;
}

NEWBORN static brood_finalizer *take_first(int priority)
{
	pthread_mutex_lock(&finalizers.lock);
	brood_finalizer *finalizer = finalizers.first;
	while (finalizer && !(finalizer->priority >= priority && take(finalizer)))
		finalizer = finalizer->next;
	pthread_mutex_unlock(&finalizers.lock);
	return finalizer;
}

/* The specification's messages of level 5, which name the callback. */
static void tell(const brood_finalizer *finalizer, bool at_exit)
{
	if (!log_wants(BROOD_LOG_SUBDEBUG))
		return;
	const void *callback = (const void *)(uintptr_t)finalizer->callback;
	symbolizer *names = symbolizer_new();
	symbol is = {0};
	if (names)
		symbolizer_find(names, callback, &is, 1);
	const char *name = is.function ? is.function : "?";
	if (at_exit)
		log_subdebug("calling <Finalize object, callback=%s, args=(%p), exitpriority=%d>",
			     name, finalizer->data, finalizer->priority);
	log_subdebug("finalizer calling %s with args (%p)", name, finalizer->data);
	symbolizer_free(names);
}

TRACE_ENDS_HERE static void call(const brood_finalizer *finalizer)
{
	finalizer->callback(finalizer->data);
	/* No tail call, which leaves no return address. */
	__asm__ volatile("");
}

NEWBORN void finalizers_run(int priority)
{
	brood_finalizer *volatile finalizer;
	jmp_buf back;
	while (finalizers.first && (finalizer = take_first(priority))) {
		tell(finalizer, true);
		rescue = &back;
		if (setjmp(back) == 0)
			call(finalizer);
		rescue = NULL;
	}
}

int brood_finalizer_run(brood_finalizer *finalizer)
{
	if (!finalizer)
		return error_absent("the finalizer");
	if (!take_this(finalizer)) {
		log_subdebug("%s", finalizer->creator == getpid()
					   ? "finalizer no longer registered"
					   : "finalizer ignored because different process");
		return 0;
	}
	tell(finalizer, false);
	finalizer->callback(finalizer->data);
	return 1;
}

int brood_finalizer_cancel(brood_finalizer *finalizer)
{
	if (!finalizer)
		return error_absent("the finalizer");
	return take_this(finalizer);
}

bool brood_finalizer_active(const brood_finalizer *finalizer)
{
	if (!finalizer) {
		error_absent("the finalizer");
		return false;
	}
	pthread_mutex_lock(&finalizers.lock);
	bool active = finalizer->active && finalizer->creator == getpid();
	pthread_mutex_unlock(&finalizers.lock);
	return active;
}

void brood_finalizer_free(brood_finalizer *finalizer)
{
	if (!finalizer)
		return;
	pthread_mutex_lock(&finalizers.lock);
	brood_finalizer *_Atomic *link = &finalizers.first;
	while (*link && *link != finalizer)
		link = &(*link)->next;
	if (*link) /* not in a child, which has inherited the memory only */
		*link = finalizer->next;
	pthread_mutex_unlock(&finalizers.lock);
	free(finalizer);
}
