/* SPDX-License-Identifier: MIT */
#ifndef BROOD_QUEUE_H
#define BROOD_QUEUE_H

/*
 * Queues: messages from any number of processes to any number of others.
 *
 *	brood_queue *q = brood_queue_new(.max = 100);
 *	brood_start(.target = worker, .args = BROOD_VALUE(q));
 *	brood_put(q, job, .id = 3, .path = "a.txt");
 *
 *	void worker(void *arg)
 *	{
 *		brood_queue *q = arg;
 *		job *j;
 *		while ((j = brood_get(q, job))) {
 *			...
 *			brood_free(j);
 *		}
 *	}
 *
 * A message is any value (brood/type.h); brood_put() has copied it when it returns, and an
 * error in it is the error of brood_put(). No thread works behind it: a process that has put
 * can end at once, read or not. Messages of one thread arrive in the order in which they were put.
 *
 * Any process may be killed at any instruction: the others go on. A message is
 * delivered once, or is still there, but for the one that a killed process was taking: that is
 * dropped, and counted in the stats. A queue made with .joinable = true also counts those
 * whose taker died before its brood_queue_task_done(); with .redeliver = true it gives them to
 * another taker instead.
 *
 * A queue lies in the heap and belongs to the family: it is passed as a plain pointer, by any
 * start method or through another queue, and lives until brood_queue_free(). Every function
 * may be called from any thread of any process of the family, and answers NULL or a pointer to
 * something else with -EINVAL and a sentence.
 *
 * What may have to wait comes in three forms: for ever; at most some seconds (_timed; zero or
 * less looks once, NaN is -EINVAL); and not at all (_nowait). The last two give -ETIMEDOUT. Signals
 * do not cut a wait short, unless the handler calls brood_interrupt(): -EINTR, nothing being put
 * or taken.
 */

#include <stdint.h>

#include "brood/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a queue is to be. All defaults are zero. */
typedef struct brood_queue_options {
	/* sizeof(brood_queue_options); the macros fill it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_queue_options);
#ifndef BROOD_DEFAULT_ZERO
#define BROOD_DEFAULT_ZERO \
	{                  \
	}
#endif
#else
	size_t size;
#ifndef BROOD_DEFAULT_ZERO
#define BROOD_DEFAULT_ZERO
#endif
#endif
	/* Messages that it holds at most; brood_put() then waits for room. 0: as many as the heap
	 * has room for. At most 2^24. Each takes 64 bytes; in a queue of one type without pointers
	 * that is larger than 40 bytes, and up to 1 KiB, about 64 more than that type. */
	size_t max BROOD_DEFAULT_ZERO;
	/* The one type of its messages (&brood_type_T, or brood_queue_of()); NULL: any. The
	 * description need not outlive the call. */
	const brood_type *type BROOD_DEFAULT_ZERO;
	/* Messages are accounted for until brood_queue_task_done(), and brood_queue_join() waits
	 * for that. From the 63rd unfinished one on a get may need memory, 4 KiB for 62. */
	bool joinable BROOD_DEFAULT_ZERO;
	/* Joinable, and what a process had taken and not done when it died goes to another one,
	 * before all others. */
	bool redeliver BROOD_DEFAULT_ZERO;
	/* With redeliver: a message whose takers have died so many times is dropped. 0: no
	 * limit. */
	unsigned max_deliveries BROOD_DEFAULT_ZERO;
} brood_queue_options;

/*
 * Makes a queue: brood_queue_new(), brood_queue_new(.max = 10, .joinable = true). It belongs to
 * the family until brood_queue_free(). A bounded queue has all its memory from the beginning
 * (but for large messages). NULL with errno: EINVAL (an option is out of its range), ENOMEM.
 * From the specification: Queue(maxsize), JoinableQueue(maxsize).
 */
#ifndef __cplusplus
#define brood_queue_new(...)  \
	brood_queue_new_with( \
		&(const brood_queue_options){.size = sizeof(brood_queue_options), __VA_ARGS__})
#endif
BROOD_API brood_queue *brood_queue_new_with(const brood_queue_options *options);

/*
 * A queue for messages of type T alone: brood_queue_of(job, .max = 10). Putting another is
 * -EBADMSG. Small ones travel quicker than in a queue for any. C only.
 */
#ifndef __cplusplus
#define brood_queue_of(...) BROOD_QUEUE_OF_TYPE(__VA_ARGS__, .size = sizeof(brood_queue_options))
#define BROOD_QUEUE_OF_TYPE(T, ...) \
	brood_queue_new_with(&(const brood_queue_options){.type = BROOD_DESCRIBED(T), __VA_ARGS__})
#endif

/*
 * Puts a value: a copy of it, with all that it refers to. Blocks while a bounded queue is full,
 * which it also is when a stopped process holds the place that would come next.
 *
 *	brood_put(q, job, .id = 3, .path = "a.txt")         a struct, written out
 *	brood_put(q, int, 3)                                a scalar
 *	brood_put_value(q, BROOD_VALUE("text"))             any value
 *	brood_put_value(q, BROOD_NONE)                      no value: brood_get() returns NULL
 *
 * Returns 0, or: -EINVAL (the value cannot be passed: the sentence names the field), -EBADMSG (not
 * of the queue's type), -EPIPE (closed), -ETIMEDOUT (full), -ENOMEM (no room in the heap; what
 * is queued stays). From the specification: put(obj, block, timeout), put_nowait(obj).
 */
#ifndef __cplusplus
#define brood_put(queue, T, ...)	brood_put_value((queue), BROOD_ARGS(T, __VA_ARGS__))
#define brood_put_nowait(queue, T, ...) brood_put_value_nowait((queue), BROOD_ARGS(T, __VA_ARGS__))
#define brood_put_timed(queue, seconds, T, ...) \
	brood_put_value_timed((queue), BROOD_ARGS(T, __VA_ARGS__), (seconds))
#endif
BROOD_API int brood_put_value(brood_queue *queue, brood_value value);
BROOD_API int brood_put_value_timed(brood_queue *queue, brood_value value, double seconds);
BROOD_API int brood_put_value_nowait(brood_queue *queue, brood_value value);

/*
 * Puts count items of type T that lie in an array, in their order. Returns how many were put:
 * fewer than count when the time was up or the thread interrupted, the queue was closed meanwhile
 * or memory ran out; or the error, as brood_put(), when it was none.
 */
#ifndef __cplusplus
#define brood_put_many(queue, T, items, count) \
	brood_put_many_as((queue), BROOD_DESCRIBED(T), *(const T *const[]){(items)}, (count))
#define brood_put_many_timed(queue, T, items, count, seconds)                              \
	brood_put_many_as_timed((queue), BROOD_DESCRIBED(T), *(const T *const[]){(items)}, \
				(count), (seconds))
#define brood_put_many_nowait(queue, T, items, count) \
	brood_put_many_as_nowait((queue), BROOD_DESCRIBED(T), *(const T *const[]){(items)}, (count))
#endif
BROOD_API long brood_put_many_as(brood_queue *queue, const brood_type *type, const void *items,
				 size_t count);
BROOD_API long brood_put_many_as_timed(brood_queue *queue, const brood_type *type,
				       const void *items, size_t count, double seconds);
BROOD_API long brood_put_many_as_nowait(brood_queue *queue, const brood_type *type,
					const void *items, size_t count);

/*
 * Takes the first message. Blocks while there is none and the queue is open. Returns what a
 * receiver gets (brood/type.h): for a scalar or struct a pointer to the calling process's
 * own copy, a string itself, a handle itself; free copies and strings with brood_free(). In a
 * queue with .redeliver, call brood_queue_task_done() first.
 *
 * NULL with errno: 0 for BROOD_NONE (and a NULL string); EPIPE: the queue is closed, and empty;
 * ETIMEDOUT: it is empty; EBADMSG: the first message is not a T, and stays where it is; EINVAL;
 * ENOMEM (the message stays). brood_get_as() with a NULL type takes a message of any type:
 * brood_is() or brood_type_name() tells.
 * From the specification: get(block, timeout), get_nowait().
 */
#ifndef __cplusplus
#define brood_get(queue, T) brood_get_as((queue), BROOD_DESCRIBED(T))
#define brood_get_timed(queue, T, seconds) \
	brood_get_as_timed((queue), BROOD_DESCRIBED(T), (seconds))
#define brood_get_nowait(queue, T) brood_get_as_nowait((queue), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_get_as(brood_queue *queue, const brood_type *type);
BROOD_API void *brood_get_as_timed(brood_queue *queue, const brood_type *type, double seconds);
BROOD_API void *brood_get_as_nowait(brood_queue *queue, const brood_type *type);

/*
 * The same into a T of the caller's, with nothing to free: the quickest form for small messages.
 * T is a scalar, or a struct without strings, bytes and counted arrays (else -EINVAL).
 * Returns 1; 0 for BROOD_NONE, *out being untouched; or a negative errno as brood_get().
 */
#ifndef __cplusplus
#define brood_get_into(queue, T, out) \
	brood_get_into_as((queue), BROOD_DESCRIBED(T), *(T *const[]){(out)})
#define brood_get_into_timed(queue, T, out, seconds) \
	brood_get_into_as_timed((queue), BROOD_DESCRIBED(T), *(T *const[]){(out)}, (seconds))
#define brood_get_into_nowait(queue, T, out) \
	brood_get_into_as_nowait((queue), BROOD_DESCRIBED(T), *(T *const[]){(out)})
#endif
BROOD_API int brood_get_into_as(brood_queue *queue, const brood_type *type, void *out);
BROOD_API int brood_get_into_as_timed(brood_queue *queue, const brood_type *type, void *out,
				      double seconds);
BROOD_API int brood_get_into_as_nowait(brood_queue *queue, const brood_type *type, void *out);

/*
 * Takes up to count messages at once, in their order, into an array of T as brood_get_into(), or
 * of pointers (T *out[], char *out[] for strings) as brood_get(). Waits for the first only, and
 * stops before a message of another type and before a BROOD_NONE, which is taken only when it comes
 * first: then the result is 0. Returns how many were taken, or a negative errno when there was
 * none.
 */
#ifndef __cplusplus
#define brood_get_many_into(queue, T, out, count) \
	brood_get_many_into_as((queue), BROOD_DESCRIBED(T), *(T *const[]){(out)}, (count))
#define brood_get_many_into_timed(queue, T, out, count, seconds)                                 \
	brood_get_many_into_as_timed((queue), BROOD_DESCRIBED(T), *(T *const[]){(out)}, (count), \
				     (seconds))
#define brood_get_many_into_nowait(queue, T, out, count) \
	brood_get_many_into_as_nowait((queue), BROOD_DESCRIBED(T), *(T *const[]){(out)}, (count))
#endif
BROOD_API long brood_get_many_into_as(brood_queue *queue, const brood_type *type, void *out,
				      size_t count);
BROOD_API long brood_get_many_into_as_timed(brood_queue *queue, const brood_type *type, void *out,
					    size_t count, double seconds);
BROOD_API long brood_get_many_into_as_nowait(brood_queue *queue, const brood_type *type, void *out,
					     size_t count);
#ifndef __cplusplus
#define brood_get_many(queue, T, out, count) \
	brood_get_many_as((queue), BROOD_DESCRIBED(T), (out), (count))
#define brood_get_many_timed(queue, T, out, count, seconds) \
	brood_get_many_as_timed((queue), BROOD_DESCRIBED(T), (out), (count), (seconds))
#define brood_get_many_nowait(queue, T, out, count) \
	brood_get_many_as_nowait((queue), BROOD_DESCRIBED(T), (out), (count))
#endif
BROOD_API long brood_get_many_as(brood_queue *queue, const brood_type *type, void *out,
				 size_t count);
BROOD_API long brood_get_many_as_timed(brood_queue *queue, const brood_type *type, void *out,
				       size_t count, double seconds);
BROOD_API long brood_get_many_as_nowait(brood_queue *queue, const brood_type *type, void *out,
					size_t count);

/*
 * A message written in place: brood_reserve(q, image) returns a T in the heap, all zero and
 * owned by the calling process, and brood_commit() puts it without copying; the taker gets this
 * very pointer. T is as for brood_get_into(). No place in the queue is held meanwhile: fill it
 * at leisure, or give it up with brood_free(). NULL with errno: EINVAL, EBADMSG (not the
 * queue's type), ENOMEM. brood_reserve_bytes() is the same for a brood_bytes with room for
 * `size` bytes behind it.
 *
 * brood_commit() takes any copied value: also one that was received, or is from brood_copy(). On
 * success it is the taker's and must not be touched any more; on failure (as brood_put()) it is
 * still the caller's. What does not belong to the calling process or the family (brood_keep()) is
 * -EINVAL: a value that was committed before, or one with .redeliver that is not finished.
 */
#ifndef __cplusplus
#define brood_reserve(queue, T) brood_reserve_as((queue), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_reserve_as(brood_queue *queue, const brood_type *type);
BROOD_API brood_bytes *brood_reserve_bytes(brood_queue *queue, size_t size);
BROOD_API int brood_commit(brood_queue *queue, void *value);
BROOD_API int brood_commit_timed(brood_queue *queue, void *value, double seconds);
BROOD_API int brood_commit_nowait(brood_queue *queue, void *value);

/*
 * In a queue made with .joinable or .redeliver: the message that the calling thread got first
 * of those that it has not finished is finished (of the process, when the thread has none).
 * brood_queue_task_done_of() finishes the one that brood_get() returned as `message`. With
 * .redeliver the message becomes the process's own only now. Returns 0, or -EINVAL: the process
 * has none left, or the queue is not joinable.
 * From the specification: task_done(), but for the process that got the message.
 */
BROOD_API int brood_queue_task_done(brood_queue *queue);
BROOD_API int brood_queue_task_done_of(brood_queue *queue, const void *message);

/*
 * Waits until all messages have been taken and finished (or dropped, because their taker died).
 * Returns 0, -ETIMEDOUT, or -EINVAL when the queue is not joinable. From the
 * specification: join().
 */
BROOD_API int brood_queue_join(brood_queue *queue);
BROOD_API int brood_queue_join_timed(brood_queue *queue, double seconds);
BROOD_API int brood_queue_join_nowait(brood_queue *queue);

/*
 * How many times an unfinished message of the calling process, as brood_get() returned it, has
 * been delivered: 1, or more when earlier takers have died. NULL: the oldest BROOD_NONE.
 * -EINVAL when the process has no such message, or the queue is not joinable.
 */
BROOD_API int brood_queue_deliveries(brood_queue *queue, const void *message);

/*
 * Messages that are queued; whether there are none; whether a bounded queue has no room. Of a
 * moment that is over when the call returns. -EINVAL, or false, for no queue. From the
 * specification: qsize(), empty(), full().
 */
BROOD_API long brood_queue_size(brood_queue *queue);
BROOD_API bool brood_queue_empty(brood_queue *queue);
BROOD_API bool brood_queue_full(brood_queue *queue);

/* What has happened in a queue. */
typedef struct brood_queue_stats {
	size_t queued;	    /* messages that may be taken now */
	size_t unfinished;  /* taken and not finished, in a joinable queue */
	size_t dropped;	    /* lost with the process that was taking them, or had not finished */
	size_t redelivered; /* deliveries after a taker's death */
	size_t abandoned;   /* messages whose writer died before they were whole */
} brood_queue_stats;

/* Fills *out; what dead processes had is accounted for first. Returns 0 or -EINVAL. */
BROOD_API int brood_queue_stats_get(brood_queue *queue, brood_queue_stats *out);

/*
 * A descriptor for poll, select and epoll that is readable when there may be a message, or the
 * queue is closed: then call a _nowait form, until it says -ETIMEDOUT (which makes the descriptor
 * wait again). It is also readable when that was not done for a second, since nothing else may
 * tell of what comes back from a process that was killed, of what one has put that was killed
 * before it could tell, or that has no descriptor left or is in another network namespace.
 * Borrowed: never read or close it; it belongs to the calling process (which holds three for it)
 * and lives as long as the queue. A negative errno: -EINVAL, -EMFILE, -ENFILE, -ENOMEM.
 */
BROOD_API int brood_queue_fd(brood_queue *queue);

/*
 * Nobody puts any more, in any process: -EPIPE. What is queued is still delivered; then getting
 * is -EPIPE too. Those who wait are woken. Returns 0, also again.
 */
BROOD_API int brood_queue_close(brood_queue *queue);
BROOD_API bool brood_queue_is_closed(brood_queue *queue);

/*
 * Frees the queue and the messages in it. The caller promises that no process uses it any
 * more. NULL is allowed. Returns 0 or -EINVAL.
 */
BROOD_API int brood_queue_free(brood_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
