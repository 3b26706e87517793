/* SPDX-License-Identifier: MIT */
#ifndef BROOD_PIPE_H
#define BROOD_PIPE_H

/*
 * A pipe: two connected ends, between which whole messages of any size travel in
 * order: values, bytes, open file descriptors, and ends of other pipes.
 *
 *	static void child(void *arg)
 *	{
 *		brood_connection *c = arg;
 *		brood_send(c, brood_string, "hello");
 *	}
 *
 *	brood_pipe pipe = brood_pipe_new();
 *	brood_start(.target = child, .args = BROOD_VALUE(pipe.second));
 *	brood_connection_close(pipe.second);
 *	char *text = brood_recv(pipe.first, brood_string);
 *
 * An end is a pointer that is passed like any other: in the args of a process, in a queue,
 * through another pipe. Behind it is a socket of which each process that uses the end has a
 * descriptor of its own. A process gets it when the end is in its args, under every
 * start method; when it receives the end through a pipe; and else at the first use, from a
 * process that has it and is alive. That last way needs pidfd_getfd(2), which some containers
 * forbid (-EPERM). No process has an end for any other reason: a child started by fork closes
 * those that it was not given. So the other side reads an end of file when the last process
 * that used this end has closed it or died.
 *
 * Several threads or processes may send and receive on one end: each message goes, whole, to
 * one receiver. A process that is killed while it sends has sent the message or has not.
 *
 * The other side is not trusted: what it sends is checked before memory is taken for it, and
 * refused with -EPROTO or -EBADMSG when it is not sound.
 *
 * The functions come in three forms: x(...) waits for ever, x_timed(..., seconds) at most so
 * long, x_nowait(...) not at all; the last two may return -ETIMEDOUT, and then nothing
 * has happened. No signal is raised, and none that is handled
 * cuts a wait short, unless its handler calls brood_interrupt(): -EINTR.
 */

#include "brood/type.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a pipe is to be; for brood_pipe_new(). */
typedef struct brood_pipe_options {
	/* sizeof(brood_pipe_options); the macro fills it in. */
#ifdef __cplusplus
	size_t size = sizeof(brood_pipe_options);
	bool one_way = false;
	size_t max_message = 0;
#else
	size_t size;
	/* true: messages go from the writer to the reader only. From the specification:
	 * duplex=False.
	 */
	bool one_way;
	/* A received message of more bytes is -EMSGSIZE; 0: no limit but memory. For pipes whose
	 * other end is given to a program that is not trusted. */
	size_t max_message;
#endif
} brood_pipe_options;

/* The two ends. Those of a one-way pipe have names of their own. */
typedef struct brood_pipe {
	union {
		brood_connection *first;
		brood_connection *reader;
	};
	union {
		brood_connection *second;
		brood_connection *writer;
	};
} brood_pipe;

/*
 * Makes a pipe: brood_pipe_new() or brood_pipe_new(.one_way = true). The calling process has both
 * ends. Both are NULL when it fails, with errno EINVAL, EMFILE, ENFILE or ENOMEM.
 * From the specification: Pipe(duplex).
 */
#ifndef __cplusplus
#define brood_pipe_new(...)  \
	brood_pipe_new_with( \
		&(const brood_pipe_options){.size = sizeof(brood_pipe_options), __VA_ARGS__})
#endif
BROOD_API brood_pipe brood_pipe_new_with(const brood_pipe_options *options);

/*
 * Sends a value, as BROOD_VALUE() and the like make it: encoded at once, so that the caller may
 * change it afterwards. brood_send(c, T, ...) sends a T written out: brood_send(c, int, 3),
 * brood_send(c, job, .id = 3). An end of a pipe, BROOD_VALUE(end), arrives with its descriptor;
 * the sender may close it then. Other handles and shared pointers are refused: what is within the
 * family goes by queue.
 *
 * Waits while the receiver is far behind. Returns 0, or: -EPIPE (the other side is closed),
 * -ETIMEDOUT, -EINVAL (the value cannot be sent; no connection), -EBADF (read-only, or closed in
 * this process), -EMFILE, -ENOMEM, and -EFBIG (a message beyond RLIMIT_FSIZE).
 */
#ifndef __cplusplus
#define brood_send(c, T, ...) brood_connection_send((c), BROOD_ARGS(T, __VA_ARGS__))
#define brood_send_timed(c, seconds, T, ...) \
	brood_connection_send_timed((c), BROOD_ARGS(T, __VA_ARGS__), (seconds))
#define brood_send_nowait(c, T, ...) brood_connection_send_nowait((c), BROOD_ARGS(T, __VA_ARGS__))
#endif
BROOD_API int brood_connection_send(brood_connection *c, brood_value value);
BROOD_API int brood_connection_send_timed(brood_connection *c, brood_value value, double seconds);
BROOD_API int brood_connection_send_nowait(brood_connection *c, brood_value value);

/*
 * Receives a value of the given type. brood_recv(c, T) gives a T *, or a char * for a
 * brood_string. The caller owns it: brood_free(). An end of a pipe is received as a
 * brood_connection_handle, and is the end itself:
 *
 *	brood_connection *end = brood_recv(c, brood_connection_handle);
 *
 * NULL with errno: 0 (the value is BROOD_NONE or a NULL string), EPIPE (end of file: all that was
 * sent has been received, and the other side is closed), ETIMEDOUT, EBADMSG (the next message is
 * of another type; it stays, unless another receiver of the same end was quicker), EMSGSIZE (longer
 * than the pipe's limit; stays too), EPROTO (what came was no message of brood's; it is gone),
 * EMFILE (no descriptor for what comes with the message; stays), EBADF (write-only, or closed in
 * this process), ENOMEM, EINVAL.
 */
#ifndef __cplusplus
#define brood_recv(c, T) brood_connection_recv_as((c), BROOD_DESCRIBED(T))
#define brood_recv_timed(c, T, seconds) \
	brood_connection_recv_as_timed((c), BROOD_DESCRIBED(T), (seconds))
#define brood_recv_nowait(c, T) brood_connection_recv_as_nowait((c), BROOD_DESCRIBED(T))
#endif
BROOD_API void *brood_connection_recv_as(brood_connection *c, const brood_type *type);
BROOD_API void *brood_connection_recv_as_timed(brood_connection *c, const brood_type *type,
					       double seconds);
BROOD_API void *brood_connection_recv_as_nowait(brood_connection *c, const brood_type *type);

/* Sends bytes as one message; none is a message too. Returns as brood_connection_send(). */
BROOD_API int brood_connection_send_bytes(brood_connection *c, const void *data, size_t size);
BROOD_API int brood_connection_send_bytes_timed(brood_connection *c, const void *data, size_t size,
						double seconds);
BROOD_API int brood_connection_send_bytes_nowait(brood_connection *c, const void *data,
						 size_t size);

/*
 * Receives a message of at most maximum bytes (0: of any size), to be freed with brood_free().
 * A value that was sent is received so as its brood_dump(). NULL with errno as brood_recv():
 * EMSGSIZE is "bad message length", and the message stays.
 * From the specification: recv_bytes(maxlength).
 */
BROOD_API brood_bytes *brood_connection_recv_bytes(brood_connection *c, size_t maximum);
BROOD_API brood_bytes *brood_connection_recv_bytes_timed(brood_connection *c, size_t maximum,
							 double seconds);
BROOD_API brood_bytes *brood_connection_recv_bytes_nowait(brood_connection *c, size_t maximum);

/*
 * The same into the caller's buffer; size is in bytes. Returns how many bytes the message has, or a
 * negative errno as above; -EMSGSIZE when the buffer is too short, and the message stays.
 * From the specification: recv_bytes_into().
 */
BROOD_API long long brood_connection_recv_into(brood_connection *c, void *buffer, size_t size);
BROOD_API long long brood_connection_recv_into_timed(brood_connection *c, void *buffer, size_t size,
						     double seconds);
BROOD_API long long brood_connection_recv_into_nowait(brood_connection *c, void *buffer,
						      size_t size);

/*
 * Sends an open file descriptor; the sender's stays open. Returns as brood_connection_send(),
 * -EINVAL for a negative one ("invalid handle"), -EBADF for one that is not open, -ETOOMANYREFS
 * when too many are on their way: receive some. From the specification: send_handle().
 */
BROOD_API int brood_connection_send_fd(brood_connection *c, int fd);
BROOD_API int brood_connection_send_fd_timed(brood_connection *c, int fd, double seconds);
BROOD_API int brood_connection_send_fd_nowait(brood_connection *c, int fd);

/*
 * Receives a file descriptor, close-on-exec, the caller's to close. Or a negative errno as
 * brood_recv(): -EMFILE when there is none to spare, and it stays. From the specification:
 * recv_handle().
 */
BROOD_API int brood_connection_recv_fd(brood_connection *c);
BROOD_API int brood_connection_recv_fd_timed(brood_connection *c, double seconds);
BROOD_API int brood_connection_recv_fd_nowait(brood_connection *c);

/*
 * Waits until there is something to receive, or the end of file. Takes nothing. Returns 0, or
 * -ETIMEDOUT, -EBADF, -EINVAL. From the specification: poll(timeout), whose default looks once.
 */
BROOD_API int brood_connection_poll(brood_connection *c);
BROOD_API int brood_connection_poll_timed(brood_connection *c, double seconds);
BROOD_API int brood_connection_poll_nowait(brood_connection *c);

/*
 * This process's descriptor of the end, for poll, select and epoll: readable when
 * brood_connection_poll() would return 0. Borrowed: never read, write or close it. Or a negative
 * errno with its sentence. From the specification: fileno().
 */
BROOD_API int brood_connection_fileno(brood_connection *c);

/* Whether the end receives, and sends; whether this process has closed it. false with errno EINVAL
 * for what is no connection. */
BROOD_API bool brood_connection_readable(const brood_connection *c);
BROOD_API bool brood_connection_writable(const brood_connection *c);
BROOD_API bool brood_connection_closed(const brood_connection *c);

/*
 * Makes sure that this process has the end, so that whoever passed it may close it. Not needed for
 * an end that came in args or through a pipe. Also after brood_connection_close(), when another
 * process still has it. Returns 0; -EPERM when the system forbids to fetch it, -EPIPE when no
 * process has it any more, -EMFILE.
 */
BROOD_API int brood_connection_open(brood_connection *c);

/*
 * This process gives the end up; a call that waits on it in another thread goes on. Twice is fine.
 * All other functions say -EBADF, "handle is closed", from now on. When the last process has closed
 * its end, the other side reads what was sent, and then the end of file. Returns 0 or -EINVAL.
 */
BROOD_API int brood_connection_close(brood_connection *c);

/*
 * Closes the end and frees the object, for all: no process may use the pointer any more.
 * NULL is allowed. Returns 0, or -EINVAL for what is no connection.
 */
BROOD_API int brood_connection_free(brood_connection *c);

#ifdef __cplusplus
}
#endif

#endif
