/* SPDX-License-Identifier: MIT */
/* What a program sends and receives, in terms of messages. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "heap/table.h"
#include "pipe/connection.h"
#include "pipe/deliver.h"
#include "pipe/wire.h"
#include "type/handles.h"
#include "type/pickle_block.h"

static int send_message(brood_connection *c, enum wire_kind kind, const void *data, size_t size,
			int passed, deadline when)
{
	int fd = connection_use(c, CONNECTION_SEND);
	if (fd < 0)
		return fd;
	int r = wire_send(fd, kind, data, size, passed, when);
	connection_done(c, fd);
	return r;
}

static int receive_message(brood_connection *c, const wire_filter *wanted, deadline when,
			   wire_message *ret)
{
	int fd = connection_use(c, CONNECTION_RECV);
	if (fd < 0)
		return fd;
	wire_filter filter = *wanted;
	if (c->max_message && c->max_message < filter.maximum)
		filter.maximum = c->max_message;
	int r = wire_receive(fd, &filter, when, ret);
	connection_done(c, fd);
	return r;
}

static int send_connection(brood_connection *c, brood_connection *sent, deadline when)
{
	int fd = connection_use(sent, CONNECTION_SEND | CONNECTION_RECV);
	if (fd < 0)
		return fd;
	const wire_connection what = {.address = (uintptr_t)sent, .id = sent->port.id};
	int r = send_message(c, WIRE_CONNECTION, &what, sizeof(what), fd, when);
	connection_done(sent, fd);
	return r;
}

static int send_value(brood_connection *c, brood_value value, deadline when)
{
	void *data;
	size_t size;
	if (value.type && handle_is_connection(value.type)) {
		void *sent;
		memcpy(&sent, value.from ? value.from : &value.inside, sizeof(sent));
		return send_connection(c, sent, when);
	}
	int r = brood_dump(value, &data, &size);
	if (r < 0)
		return r;
	r = send_message(c, WIRE_BYTES, data, size, -1, when);
	free(data);
	return r;
}

int connection_send(brood_connection *c, brood_value value, deadline when)
{
	/* First, so that a wrong connection is not taken for a wrong value. */
	int r = connection_check(c);
	return r < 0 ? r : send_value(c, value, when);
}

int connection_send_bytes(brood_connection *c, const void *data, size_t size, deadline when)
{
	if (!data && size)
		return error_set(EINVAL, "the message has %zu bytes but no data", size);
	return send_message(c, WIRE_BYTES, data, size, -1, when);
}

int connection_send_fd(brood_connection *c, int fd, deadline when)
{
	if (fd < 0)
		return error_set(EINVAL, "invalid handle: %d is no file descriptor", fd);
	if (fcntl(fd, F_GETFD) < 0)
		return error_set(EBADF, "the file descriptor %d is not open", fd);
	return send_message(c, WIRE_DESCRIPTOR, NULL, 0, fd, when);
}

/* A long message is first brought into one piece. */
static int load_value(const brood_type *type, const wire_message *m, void **ret)
{
	unsigned char *whole = m->bytes;
	int r = 0;
	if (m->inside < m->size) {
		whole = malloc(m->size);
		r = whole ? wire_copy(m, whole)
			  : error_set(ENOMEM, "no memory for a value of %llu bytes",
				      (unsigned long long)m->size);
	}
	if (r == 0) {
		errno = 0;
		*ret = brood_load_as(type, whole, m->size);
		r = *ret ? 0 : -errno;
	}
	if (whole != m->bytes)
		free(whole);
	return r;
}

/* What came is not trusted: it is the end of a pipe if it says which, and the socket is that one's.
 */
static int adopt_connection(wire_message *m, void **ret)
{
	wire_connection what;
	memcpy(&what, m->bytes, sizeof(what));
	brood_connection *c = (brood_connection *)(uintptr_t)what.address;
	if (!port_valid(c) || c->port.id != what.id)
		return error_set(EBADMSG, "the connection that came is not of this family, or has "
					  "been freed");
	int fd = m->fd;
	m->fd = -1;
	int r = port_take(&c->port, fd);
	if (r == 0)
		*ret = c;
	return r;
}

static int check_type(const brood_type *type)
{
	return type ? 0 : error_set(EINVAL, "the type is NULL");
}

int connection_recv(brood_connection *c, const brood_type *type, deadline when, void **ret)
{
	wire_message m;
	int r = check_type(type);
	if (r < 0)
		return r;
	const bool is_connection = handle_is_connection(type);
	const wire_filter filter = {
		.kind = is_connection ? WIRE_CONNECTION : WIRE_BYTES,
		.maximum = SIZE_MAX,
		.type = is_connection ? NULL : type,
	};
	r = receive_message(c, &filter, when, &m);
	if (r < 0)
		return r;
	r = is_connection ? adopt_connection(&m, ret) : load_value(type, &m, ret);
	wire_release(&m);
	return r;
}

/* A brood_bytes as a target would get one, its data behind it. */
static brood_bytes *bytes_new(size_t size)
{
	const size_t data_at = 16;
	pickle_header *block =
		size > SIZE_MAX / 2
			? error_null(ENOMEM, "no memory for a message of %zu bytes", size)
			: pickle_block_new(&brood_type_brood_bytes, data_at + size,
					   table_owner(table_self()));
	if (!block)
		return NULL;
	brood_bytes *bytes = (brood_bytes *)pickle_block_body(block);
	*bytes = (brood_bytes){.data = size ? pickle_block_body(block) + data_at : NULL,
			       .size = size};
	return bytes;
}

int connection_recv_bytes(brood_connection *c, size_t maximum, deadline when, brood_bytes **ret)
{
	const wire_filter filter = {.kind = WIRE_BYTES, .maximum = maximum ? maximum : SIZE_MAX};
	wire_message m;
	int r = receive_message(c, &filter, when, &m);
	if (r < 0)
		return r;
	brood_bytes *bytes = bytes_new(m.size);
	r = bytes ? wire_copy(&m, bytes->data) : -errno;
	wire_release(&m);
	if (r < 0)
		brood_free(bytes);
	else
		*ret = bytes;
	return r;
}

long long connection_recv_into(brood_connection *c, void *buffer, size_t size, deadline when)
{
	const wire_filter filter = {.kind = WIRE_BYTES, .maximum = size};
	wire_message m;
	if (!buffer && size)
		return error_set(EINVAL, "the buffer is NULL");
	int r = receive_message(c, &filter, when, &m);
	if (r < 0)
		return r;
	r = wire_copy(&m, buffer);
	long long length = (long long)m.size;
	wire_release(&m);
	return r < 0 ? r : length;
}

int connection_recv_fd(brood_connection *c, deadline when)
{
	const wire_filter filter = {.kind = WIRE_DESCRIPTOR};
	wire_message m;
	int r = receive_message(c, &filter, when, &m);
	if (r < 0)
		return r;
	int fd = m.fd;
	m.fd = -1;
	wire_release(&m);
	return fd;
}

int connection_poll(brood_connection *c, deadline when)
{
	int fd = connection_use(c, CONNECTION_RECV);
	if (fd < 0)
		return fd;
	int r = wire_wait(fd, POLLIN, when);
	connection_done(c, fd);
	return r;
}
