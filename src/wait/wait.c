/* SPDX-License-Identifier: MIT */
/*
 * Everything is a descriptor in the end. That of a process, a connection or the program itself says
 * whether it is ready; that of a queue or an event only wakes (bell.h), and the object is
 * looked at. It is looked at every 50 ms, too: who changed it may have been killed before it
 * rang, or be where a ring does not reach from.
 */

#include "brood/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/interrupt.h"
#include "brood/pipe.h"
#include "queue/queue.h"
#include "sync/event.h"

enum {
	ON_STACK = 32,
	/* At what has no descriptor, or a bell that nobody may ring. */
	LOOK_EVERY_NS = 50 * 1000 * 1000,
};

typedef struct waiting {
	brood_waitable *things;
	struct pollfd *fds;
	size_t count;
	int64_t step; /* the longest sleep */
} waiting;

static bool has_bell(const brood_waitable *thing)
{
	return thing->kind == BROOD_WAIT_QUEUE || thing->kind == BROOD_WAIT_EVENT;
}

/* A process's descriptor, or -1 where there are none, and it is to be looked at. */
static int process_descriptor(brood_process *process, int64_t *step, int *ret_fd)
{
	int fd = brood_process_sentinel(process);
	if (fd < 0 && fd != -ENOSYS)
		return fd;
	if (fd < 0)
		*step = LOOK_EVERY_NS;
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

static int keep_descriptor(int fd, int *ret_fd)
{
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* What rings for it; NULL with errno when it is no queue or event. */
static bell *bell_of(const brood_waitable *thing)
{
	brood_queue *queue = thing->object;
	if (thing->kind == BROOD_WAIT_EVENT)
		return event_bell(thing->object);
	int r = queue_check(queue);
	return r < 0 ? error_to_null(r) : &queue->bell;
}

static int bell_descriptor_of(const brood_waitable *thing, int64_t *step, int *ret_fd)
{
	bell *b = bell_of(thing);
	*step = LOOK_EVERY_NS;
	return b ? keep_descriptor(bell_descriptor(b), ret_fd) : -errno;
}

/* The descriptor to poll for a thing. 0, or a negative errno with its sentence. */
static int find_descriptor(const brood_waitable *thing, int64_t *step, int *ret_fd)
{
	switch (thing->kind) {
	case BROOD_WAIT_PROCESS:
		return process_descriptor(thing->object, step, ret_fd);
	case BROOD_WAIT_CONNECTION:
		return keep_descriptor(brood_connection_fileno(thing->object), ret_fd);
	case BROOD_WAIT_QUEUE:
	case BROOD_WAIT_EVENT:
		return bell_descriptor_of(thing, step, ret_fd);
	case BROOD_WAIT_FD:
		if (thing->fd >= 0)
			return keep_descriptor(thing->fd, ret_fd);
		return error_set(EINVAL, "invalid handle: %d is no file descriptor", thing->fd);
	default:
		return error_set(EINVAL, "a thing to wait for is of no known kind: make it with "
					 "BROOD_WAITABLE()");
	}
}

static int compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;
	return (x > y) - (x < y);
}

/* Every thing has a descriptor of its own, so that of one that is there twice is, too. */
static int check_different(const waiting *w)
{
	int few[ON_STACK];
	int *numbers = w->count > ON_STACK ? malloc(w->count * sizeof(*numbers)) : few;
	bool twice = false;
	if (!numbers)
		return error_set(ENOMEM, "no memory to wait for %zu things", w->count);
	for (size_t i = 0; i < w->count; i++)
		numbers[i] = w->fds[i].fd;
	qsort(numbers, w->count, sizeof(*numbers), compare);
	for (size_t i = 1; i < w->count; i++)
		twice |= numbers[i] >= 0 && numbers[i] == numbers[i - 1];
	if (numbers != few)
		free(numbers);
	return twice ? error_set(EINVAL, "the same thing is to be waited for twice") : 0;
}

static int prepare(waiting *w)
{
	for (size_t i = 0; i < w->count; i++) {
		w->fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
		int r = find_descriptor(&w->things[i], &w->step, &w->fds[i].fd);
		if (r < 0)
			return r;
	}
	return check_different(w);
}

/* Whether a thing that its descriptor says nothing of is ready. */
static bool is_ready(const brood_waitable *thing)
{
	switch (thing->kind) {
	case BROOD_WAIT_QUEUE:
		return queue_is_ready(thing->object);
	case BROOD_WAIT_EVENT:
		return brood_event_is_set(thing->object);
	case BROOD_WAIT_PROCESS:
		return !brood_process_is_alive(thing->object);
	default:
		return false;
	}
}

/*
 * The bell is the process's, and other threads may sleep by it: who finds the thing ready leaves it
 * as it is; who clears it looks again, and rings for the others when it has become ready (bell.c).
 */
static bool look(const brood_waitable *thing)
{
	bool ready = is_ready(thing);
	if (ready || !has_bell(thing))
		return ready;
	bell *b = bell_of(thing);
	if (!b)
		return false;
	bell_clear(b);
	ready = is_ready(thing);
	if (ready)
		bell_ring(b);
	return ready;
}

/* Looks at what has no telling descriptor: whether one of them is ready. */
static bool look_at_objects(const waiting *w, bool *ready)
{
	bool any = false;
	for (size_t i = 0; i < w->count; i++) {
		if (!has_bell(&w->things[i]) && w->fds[i].fd >= 0)
			continue;
		ready[i] = look(&w->things[i]);
		any |= ready[i];
	}
	return any;
}

static bool passed(deadline when)
{
	return when != DEADLINE_NEVER && clock_now() >= when;
}

/* Sleeps until a descriptor is readable, the time is up or the next look due. 0 or -EBADF, ... */
static int sleep_until(const waiting *w, deadline when, bool *ready, bool *told)
{
	deadline soon = w->step == INT64_MAX ? DEADLINE_NEVER : clock_now() + w->step;
	int r = interrupt_poll(w->fds, w->count, when < soon ? when : soon);
	if (r == -EINTR)
		return interrupt_error("several things");
	if (r < 0)
		return error_set(-r, "cannot wait: %s", strerror(-r));
	for (size_t i = 0; r > 0 && i < w->count; i++) {
		if (w->fds[i].revents & POLLNVAL)
			return error_set(EBADF, "the file descriptor %d is not open", w->fds[i].fd);
		if (w->fds[i].fd >= 0 && !has_bell(&w->things[i])) {
			ready[i] = w->fds[i].revents;
			*told |= ready[i];
		}
	}
	return 0;
}

static int count_ready(const waiting *w, const bool *ready)
{
	int n = 0;
	for (size_t i = 0; i < w->count; i++) {
		w->things[i].ready = ready[i];
		n += ready[i];
	}
	return n;
}

static int wait_for_any(const waiting *w, bool *ready, deadline when)
{
	for (;;) {
		bool any = look_at_objects(w, ready);
		bool last = any || passed(when);
		bool told = false;
		int r = sleep_until(w, any ? 0 : when, ready, &told);
		if (r < 0)
			return r;
		/* Who sees that a process has ended sees what it did before. */
		if (told)
			look_at_objects(w, ready);
		if (told || last)
			return count_ready(w, ready);
	}
}

static int wait_with(waiting *w, bool *ready, deadline when)
{
	int r = prepare(w);
	return r < 0 ? r : wait_for_any(w, ready, when);
}

static int wait_until(brood_waitable *things, size_t count, deadline when)
{
	struct pollfd few[ON_STACK];
	bool few_ready[ON_STACK] = {false};
	waiting w = {.things = things, .fds = few, .count = count, .step = INT64_MAX};
	if (!things && count)
		return error_set(EINVAL, "the array of things to wait for is NULL");
	if (!count && when == DEADLINE_NEVER)
		return error_set(EINVAL, "there is nothing to wait for");
	if (count <= ON_STACK)
		return wait_with(&w, few_ready, when);
	bool *ready = calloc(count, sizeof(*ready));
	w.fds = calloc(count, sizeof(*w.fds));
	int r = ready && w.fds ? wait_with(&w, ready, when)
			       : error_set(ENOMEM, "no memory to wait for %zu things", count);
	free(ready);
	free(w.fds);
	return r;
}

int brood_wait(brood_waitable *things, size_t count)
{
	return wait_until(things, count, DEADLINE_NEVER);
}

int brood_wait_timed(brood_waitable *things, size_t count, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : wait_until(things, count, when);
}

int brood_wait_nowait(brood_waitable *things, size_t count)
{
	return wait_until(things, count, 0);
}
