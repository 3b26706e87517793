/* SPDX-License-Identifier: MIT */
/* The forms of getting: one message or many, by pointer or into a place, with and without a wait.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "heap/life.h"
#include "queue/queue.h"
#include "queue/take.h"
#include "type/fingerprint.h"

/* A sentence for what take_message() answered. */
static int explain(int r)
{
	switch (r) {
	case -EBADMSG:
		return error_set(EBADMSG, "the first message of the queue is of another type");
	case -ETIMEDOUT:
		return error_set(ETIMEDOUT, "the queue is empty");
	case -EPIPE:
		return error_set(EPIPE, "the queue is closed and empty");
	case -EINTR:
		return interrupt_error("a message");
	default:
		return r;
	}
}

static int begin(const brood_queue *q, const brood_type *type, delivery *ret)
{
	int r = queue_check(q);
	if (r < 0)
		return r;
	*ret = (delivery){.me = life_owner(), .want = type ? fingerprint_of(type) : 0};
	return ret->me ? 0 : -errno;
}

static void *get(brood_queue *q, const brood_type *type, deadline when)
{
	delivery d;
	int r = begin(q, type, &d);
	if (r == 0)
		r = explain(take_message(q, &d, when));
	if (r < 0)
		return error_to_null(r);
	errno = 0;
	return d.arg;
}

void *brood_get_as(brood_queue *q, const brood_type *type)
{
	return get(q, type, DEADLINE_NEVER);
}

void *brood_get_as_timed(brood_queue *q, const brood_type *type, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? error_to_null(r) : get(q, type, when);
}

void *brood_get_as_nowait(brood_queue *q, const brood_type *type)
{
	return get(q, type, 0);
}

static int begin_into(const brood_queue *q, const brood_type *type, void *out, delivery *ret)
{
	if (!type || !out)
		return error_set(EINVAL, "%s is NULL",
				 type ? "the place for the message" : "the type");
	int r = begin(q, type, ret);
	if (r < 0)
		return r;
	bool known = q->verbatim && ret->want == q->fingerprint;
	bool handle = type->kind == BROOD_KIND_HANDLE || type->kind == BROOD_KIND_SHARED;
	if (!known && !handle && !message_is_flat(type))
		return error_set(
			EINVAL, "a '%s' leads to other memory: get it by brood_get(), as a pointer",
			type->name);
	ret->into_size = type->size;
	return 0;
}

static int get_into(brood_queue *q, const brood_type *type, void *out, deadline when)
{
	delivery d;
	int r = begin_into(q, type, out, &d);
	if (r < 0)
		return r;
	d.into = out;
	r = explain(take_message(q, &d, when));
	return r < 0 ? r : !d.none;
}

int brood_get_into_as(brood_queue *q, const brood_type *type, void *out)
{
	return get_into(q, type, out, DEADLINE_NEVER);
}

int brood_get_into_as_timed(brood_queue *q, const brood_type *type, void *out, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : get_into(q, type, out, when);
}

int brood_get_into_as_nowait(brood_queue *q, const brood_type *type, void *out)
{
	return get_into(q, type, out, 0);
}

/* d says how; places are size bytes apart. */
static long get_many(brood_queue *q, delivery d, bool into, char *out, size_t size, size_t count,
		     deadline when)
{
	const delivery fresh = d;
	long done = 0;
	int r = 0;
	while ((size_t)done < count) {
		d = fresh;
		d.into = into ? out + (size_t)done * size : NULL;
		d.not_none = done > 0;
		r = take_message(q, &d, done ? 0 : when);
		if (r < 0 || d.none)
			break;
		if (!into)
			memcpy(out + (size_t)done * size, &d.arg, size);
		done++;
	}
	return done ? done : explain(r);
}

static long get_many_into(brood_queue *q, const brood_type *type, void *out, size_t count,
			  deadline when)
{
	delivery d;
	int r = begin_into(q, type, out, &d);
	return r < 0 ? r : get_many(q, d, true, out, type->size, count, when);
}

static long get_many_pointers(brood_queue *q, const brood_type *type, void *out, size_t count,
			      deadline when)
{
	delivery d;
	if (!out)
		return error_set(EINVAL, "the place for the messages is NULL");
	int r = begin(q, type, &d);
	return r < 0 ? r : get_many(q, d, false, out, sizeof(void *), count, when);
}

long brood_get_many_into_as(brood_queue *q, const brood_type *type, void *out, size_t count)
{
	return get_many_into(q, type, out, count, DEADLINE_NEVER);
}

long brood_get_many_into_as_timed(brood_queue *q, const brood_type *type, void *out, size_t count,
				  double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : get_many_into(q, type, out, count, when);
}

long brood_get_many_into_as_nowait(brood_queue *q, const brood_type *type, void *out, size_t count)
{
	return get_many_into(q, type, out, count, 0);
}

long brood_get_many_as(brood_queue *q, const brood_type *type, void *out, size_t count)
{
	return get_many_pointers(q, type, out, count, DEADLINE_NEVER);
}

long brood_get_many_as_timed(brood_queue *q, const brood_type *type, void *out, size_t count,
			     double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : get_many_pointers(q, type, out, count, when);
}

long brood_get_many_as_nowait(brood_queue *q, const brood_type *type, void *out, size_t count)
{
	return get_many_pointers(q, type, out, count, 0);
}
