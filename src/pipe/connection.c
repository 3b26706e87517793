/* SPDX-License-Identifier: MIT */
/* The object behind an end of a pipe: made, looked at, closed, freed. */

#include "pipe/connection.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/sys.h"
#include "base/sys_socket.h"

int connection_check(const brood_connection *c)
{
	if (!c)
		return error_absent("the connection");
	if (!port_valid(c))
		return error_set(EINVAL, "the pointer is not to a connection, or to one that has "
					 "been freed");
	return 0;
}

int connection_use(brood_connection *c, enum connection_can wanted)
{
	int r = connection_check(c);
	if (r < 0)
		return r;
	if (!(c->can & wanted))
		return error_set(EBADF, wanted == CONNECTION_SEND
						? "connection is read-only: send on the other end "
						  "of the pipe, or make it without .one_way"
						: "connection is write-only: receive on the other "
						  "end of the pipe, or make it without .one_way");
	return port_use(&c->port);
}

void connection_done(brood_connection *c, int fd)
{
	port_done(&c->port, fd);
}

static brood_connection *connection_new(int fd, uint32_t can, uint64_t max_message)
{
	brood_connection *c = brood_alloc(sizeof(*c));
	if (!c) {
		sys_close(fd);
		return NULL;
	}
	*c = (brood_connection){.can = can, .max_message = max_message};
	int r = port_init(&c->port, fd);
	if (r < 0) {
		brood_free(c);
		return error_to_null(r);
	}
	heap_give(c, HEAP_OWNER_LIBRARY);
	return c;
}

static int make_sockets(int ends[2])
{
	int r = heap_require();
	if (r < 0)
		return r;
	r = sys_socketpair(ends);
	if (r == -EMFILE || r == -ENFILE)
		return error_set(-r,
				 "no file descriptors are left for a pipe: close some, or raise "
				 "the limit (ulimit -n)");
	if (r < 0)
		return error_set(-r, "the system gives no sockets for a pipe");
	return 0;
}

static int make(const brood_pipe_options *options, brood_pipe *ret)
{
	const uint32_t both = CONNECTION_RECV | CONNECTION_SEND;
	int ends[2];
	int r = make_sockets(ends);
	if (r < 0)
		return r;
	brood_connection *first = connection_new(ends[0], options->one_way ? CONNECTION_RECV : both,
						 options->max_message);
	if (!first) {
		r = -errno;
		sys_close(ends[1]);
		return r;
	}
	brood_connection *second = connection_new(
		ends[1], options->one_way ? CONNECTION_SEND : both, options->max_message);
	if (!second) {
		r = -errno;
		brood_connection_free(first);
		return r;
	}
	ret->first = first;
	ret->second = second;
	return 0;
}

brood_pipe brood_pipe_new_with(const brood_pipe_options *given)
{
	brood_pipe pipe = {{NULL}, {NULL}};
	brood_pipe_options options = {0};
	int r = options_copy(given, &options, sizeof(options), "use brood_pipe_new()");
	if (r == 0)
		r = make(&options, &pipe);
	if (r < 0)
		error_to_null(r);
	return pipe;
}

static bool can(const brood_connection *c, enum connection_can what)
{
	int r = connection_check(c);
	if (r < 0)
		errno = -r;
	return r == 0 && c->can & what;
}

bool brood_connection_readable(const brood_connection *c)
{
	return can(c, CONNECTION_RECV);
}

bool brood_connection_writable(const brood_connection *c)
{
	return can(c, CONNECTION_SEND);
}

bool brood_connection_closed(const brood_connection *c)
{
	int r = connection_check(c);
	if (r < 0)
		errno = -r;
	return r == 0 && port_closed(&c->port);
}

int brood_connection_fileno(brood_connection *c)
{
	int fd = connection_use(c, CONNECTION_RECV | CONNECTION_SEND);
	if (fd >= 0)
		connection_done(c, fd);
	return fd;
}

int brood_connection_open(brood_connection *c)
{
	int r = connection_check(c);
	return r < 0 ? r : port_open(&c->port);
}

int brood_connection_close(brood_connection *c)
{
	int r = connection_check(c);
	if (r == 0)
		port_close(&c->port);
	return r;
}

int brood_connection_free(brood_connection *c)
{
	if (!c)
		return 0;
	int r = connection_check(c);
	if (r < 0)
		return r;
	port_end(&c->port);
	return heap_free_owned(c, HEAP_OWNER_LIBRARY);
}
