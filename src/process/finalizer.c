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

/* Claims the right to run it, and copies it: once it is not active any more, another thread may
 * free it. It stays in the list, where leak checkers see it, until then. With the lock held. */
static bool take(brood_finalizer *finalizer, brood_finalizer *ret)
{
	bool taken = finalizer->active && finalizer->creator == getpid();
	*ret = *finalizer;
	if (taken)
		finalizer->active = false;
	return taken;
}

static bool take_this(brood_finalizer *finalizer, brood_finalizer *ret)
{
	pthread_mutex_lock(&finalizers.lock);
	bool taken = take(finalizer, ret);
	pthread_mutex_unlock(&finalizers.lock);
	return taken;
}

NEWBORN static bool take_first(int priority, brood_finalizer *ret)
{
	pthread_mutex_lock(&finalizers.lock);
	brood_finalizer *finalizer = finalizers.first;
	while (finalizer && !(finalizer->priority >= priority && take(finalizer, ret)))
		finalizer = finalizer->next;
	pthread_mutex_unlock(&finalizers.lock);
	return finalizer != NULL;
}

/* The function's name; in a process forked beside threads the loader is not asked. */
static const char *name_of(symbolizer *names, const brood_finalizer *finalizer)
{
	symbol is = {0};
	if (names)
		symbolizer_find(names, (const void *)(uintptr_t)finalizer->callback, &is, 1);
	return is.function ? is.function : "?";
}

/* The specification's messages of level 5. */
static void tell(const brood_finalizer *finalizer, bool at_exit)
{
	if (!log_wants(BROOD_LOG_SUBDEBUG))
		return;
	symbolizer *names = self_born_of_threads() ? NULL : symbolizer_new();
	const char *name = name_of(names, finalizer);
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

static void call_at_exit(const brood_finalizer *finalizer)
{
	jmp_buf back;
	tell(finalizer, true);
	rescue = &back;
	if (setjmp(back) == 0)
		call(finalizer);
	rescue = NULL;
}

NEWBORN void finalizers_run(int priority)
{
	brood_finalizer first;
	while (finalizers.first && take_first(priority, &first))
		call_at_exit(&first);
}

int brood_finalizer_run(brood_finalizer *finalizer)
{
	if (!finalizer)
		return error_absent("the finalizer");
	brood_finalizer is;
	if (!take_this(finalizer, &is)) {
		log_subdebug("%s", is.creator == getpid()
					   ? "finalizer no longer registered"
					   : "finalizer ignored because different process");
		return 0;
	}
	tell(&is, false);
	is.callback(is.data);
	return 1;
}

int brood_finalizer_cancel(brood_finalizer *finalizer)
{
	if (!finalizer)
		return error_absent("the finalizer");
	brood_finalizer is;
	return take_this(finalizer, &is);
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
