/* SPDX-License-Identifier: MIT */
/* The public face of sending and receiving: each call for ever, for some seconds, and at once. */

#include <errno.h>

#include "base/error.h"
#include "pipe/deliver.h"

/* An instant that has passed: looks once. */
static const deadline at_once = 0;

int brood_connection_send(brood_connection *c, brood_value value)
{
	return connection_send(c, value, DEADLINE_NEVER);
}

int brood_connection_send_timed(brood_connection *c, brood_value value, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : connection_send(c, value, when);
}

int brood_connection_send_nowait(brood_connection *c, brood_value value)
{
	return connection_send(c, value, at_once);
}

int brood_connection_send_bytes(brood_connection *c, const void *data, size_t size)
{
	return connection_send_bytes(c, data, size, DEADLINE_NEVER);
}

int brood_connection_send_bytes_timed(brood_connection *c, const void *data, size_t size,
				      double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : connection_send_bytes(c, data, size, when);
}

int brood_connection_send_bytes_nowait(brood_connection *c, const void *data, size_t size)
{
	return connection_send_bytes(c, data, size, at_once);
}

int brood_connection_send_fd(brood_connection *c, int fd)
{
	return connection_send_fd(c, fd, DEADLINE_NEVER);
}

int brood_connection_send_fd_timed(brood_connection *c, int fd, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : connection_send_fd(c, fd, when);
}

int brood_connection_send_fd_nowait(brood_connection *c, int fd)
{
	return connection_send_fd(c, fd, at_once);
}

static void *recv_as(brood_connection *c, const brood_type *type, deadline when)
{
	void *value = NULL;
	int r = connection_recv(c, type, when, &value);
	if (r < 0)
		return error_to_null(r);
	if (!value)
		errno = 0;
	return value;
}

void *brood_connection_recv_as(brood_connection *c, const brood_type *type)
{
	return recv_as(c, type, DEADLINE_NEVER);
}

void *brood_connection_recv_as_timed(brood_connection *c, const brood_type *type, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? error_to_null(r) : recv_as(c, type, when);
}

void *brood_connection_recv_as_nowait(brood_connection *c, const brood_type *type)
{
	return recv_as(c, type, at_once);
}

static brood_bytes *recv_bytes(brood_connection *c, size_t maximum, deadline when)
{
	brood_bytes *bytes = NULL;
	int r = connection_recv_bytes(c, maximum, when, &bytes);
	return r < 0 ? error_to_null(r) : bytes;
}

brood_bytes *brood_connection_recv_bytes(brood_connection *c, size_t maximum)
{
	return recv_bytes(c, maximum, DEADLINE_NEVER);
}

brood_bytes *brood_connection_recv_bytes_timed(brood_connection *c, size_t maximum, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? error_to_null(r) : recv_bytes(c, maximum, when);
}

brood_bytes *brood_connection_recv_bytes_nowait(brood_connection *c, size_t maximum)
{
	return recv_bytes(c, maximum, at_once);
}

long long brood_connection_recv_into(brood_connection *c, void *buffer, size_t size)
{
	return connection_recv_into(c, buffer, size, DEADLINE_NEVER);
}

long long brood_connection_recv_into_timed(brood_connection *c, void *buffer, size_t size,
					   double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : connection_recv_into(c, buffer, size, when);
}

long long brood_connection_recv_into_nowait(brood_connection *c, void *buffer, size_t size)
{
	return connection_recv_into(c, buffer, size, at_once);
}

int brood_connection_recv_fd(brood_connection *c)
{
	return connection_recv_fd(c, DEADLINE_NEVER);
}

int brood_connection_recv_fd_timed(brood_connection *c, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : connection_recv_fd(c, when);
}

int brood_connection_recv_fd_nowait(brood_connection *c)
{
	return connection_recv_fd(c, at_once);
}

int brood_connection_poll(brood_connection *c)
{
	return connection_poll(c, DEADLINE_NEVER);
}

int brood_connection_poll_timed(brood_connection *c, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : connection_poll(c, when);
}

int brood_connection_poll_nowait(brood_connection *c)
{
	return connection_poll(c, at_once);
}
