/* SPDX-License-Identifier: MIT */
#ifndef BROOD_WAIT_H
#define BROOD_WAIT_H

/*
 * Waiting for several things at once, in any mix:
 *
 *	brood_waitable things[] = {BROOD_WAITABLE(process), BROOD_WAITABLE(connection),
 *				   BROOD_WAITABLE(queue), BROOD_WAITABLE(fd)};
 *	int n = brood_wait_timed(things, 4, 1.5);
 *	if (things[0].ready)
 *		brood_process_join(process);
 *
 *	a process        is ready when it has ended
 *	a connection     when there is a message to receive, or the end of file
 *	a queue          when a get would not wait: for a message, or closed and drained
 *	an event         when it is set
 *	a descriptor     when it can be read, or has ended or failed
 *
 * Nothing is taken: another process may be quicker, so the calls that follow use their
 * _nowait forms where several wait for the same.
 *
 * What happens to a queue or an event wakes those who wait. Where it cannot, they notice it
 * within 50 milliseconds: when who puts or sets is killed in the middle of that, has no descriptor
 * left (RLIMIT_NOFILE), or is in another network namespace.
 */

#include "brood/process.h"
#include "brood/type.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum brood_wait_kind {
	BROOD_WAIT_PROCESS = 1,
	BROOD_WAIT_CONNECTION,
	BROOD_WAIT_QUEUE,
	BROOD_WAIT_EVENT,
	BROOD_WAIT_FD,
} brood_wait_kind;

/* A thing to wait for, made by the functions below. The wait sets `ready`, true or false. */
typedef struct brood_waitable {
	brood_wait_kind kind;
	bool ready;
	int fd;
	void *object;
} brood_waitable;

/* What each is made of; in C, BROOD_WAITABLE(x) chooses by the type of x. */
static inline brood_waitable brood_waitable_process(brood_process *process)
{
	brood_waitable w = {BROOD_WAIT_PROCESS, false, -1, process};
	return w;
}

static inline brood_waitable brood_waitable_connection(brood_connection *connection)
{
	brood_waitable w = {BROOD_WAIT_CONNECTION, false, -1, connection};
	return w;
}

static inline brood_waitable brood_waitable_queue(brood_queue *queue)
{
	brood_waitable w = {BROOD_WAIT_QUEUE, false, -1, queue};
	return w;
}

static inline brood_waitable brood_waitable_event(brood_event *event)
{
	brood_waitable w = {BROOD_WAIT_EVENT, false, -1, event};
	return w;
}

static inline brood_waitable brood_waitable_fd(int fd)
{
	brood_waitable w;
	__builtin_memset(&w, 0, sizeof(w));
	w.kind = BROOD_WAIT_FD;
	w.fd = fd;
	return w;
}

#ifndef __cplusplus
/* clang-format off */
#define BROOD_WAITABLE(x)                                                                          \
	_Generic((x),                                                                              \
		brood_process *: brood_waitable_process,                                           \
		brood_connection *: brood_waitable_connection,                                     \
		brood_queue *: brood_waitable_queue,                                               \
		brood_event *: brood_waitable_event,                                               \
		int: brood_waitable_fd)(x)
/* clang-format on */
#endif

/*
 * Waits until at least one of the things is ready: for ever, for so many seconds, or not at all.
 * Returns how many are, all of them marked `ready`; 0 when the time is up. Without things
 * the time is waited out (brood_wait() of none is -EINVAL). Handled signals do not cut it short,
 * unless the handler calls brood_interrupt(): -EINTR.
 *
 * -EINVAL (the same thing twice, a process not started or not one of this process's children, a
 * pointer that is not what it is said to be, NaN), -EBADF (a connection that is closed: "handle is
 * closed"; a descriptor that is not open), -EMFILE, -ENOMEM, and what brood_connection_open()
 * returns; no `ready` is changed then. From the specification: wait(object_list, timeout).
 */
BROOD_API int brood_wait(brood_waitable *things, size_t count);
BROOD_API int brood_wait_timed(brood_waitable *things, size_t count, double seconds);
BROOD_API int brood_wait_nowait(brood_waitable *things, size_t count);

#ifdef __cplusplus
}
#endif

#endif
