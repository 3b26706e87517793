/* SPDX-License-Identifier: MIT */
/*
 * The receiver first looks at a packet's beginning, so that one which is not for it, or for which
 * there is no room, stays. Another receiver of the same socket may be quicker, and the packet
 * that is then taken another one: so it is checked once more, all of it, as if nobody had looked.
 */

#include "pipe/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/sys.h"
#include "base/sys_socket.h"
#include "type/dump.h"
#include "type/fingerprint.h"

/* The beginning of a packet: enough to know the type of a value. */
typedef struct beginning {
	wire_header header;
	dump_header value;
} beginning;
_Static_assert(sizeof(beginning) == sizeof(wire_header) + sizeof(dump_header), "no padding");

int wire_wait(int fd, short events, deadline when)
{
	struct pollfd wanted = {.fd = fd, .events = events};
	int r = interrupt_poll(&wanted, 1, when);
	if (r == -EINTR)
		return interrupt_error("the connection");
	if (r < 0)
		return error_set(-r, "cannot wait for the connection: %s", strerror(-r));
	if (r == 0)
		return error_set(ETIMEDOUT, "the time is up");
	if (wanted.revents & POLLNVAL)
		return error_set(EBADF, "the connection's descriptor was closed behind its back");
	return 0;
}

static int cannot_send(int err)
{
	switch (err) {
	case EPIPE:
		return error_set(EPIPE, "the other side of the connection is closed: nobody can "
					"receive the message");
	case ETOOMANYREFS:
		return error_set(err, "too many file descriptors are on their way: receive some "
				      "before more are sent");
	case ENOMEM:
	case ENOBUFS:
		return error_set(ENOMEM, "the system has no memory for the message");
	default:
		return error_set(err, "the message cannot be sent: %s", strerror(err));
	}
}

/* Until the packet is sent. An error that the other side left by its end is told once, and then
 * what it means now. */
static int send_packet(int socket, const struct iovec parts[2], int fd, deadline when)
{
	bool reset = false;
	for (;;) {
		int r = sys_send(socket, parts, 2, &fd, fd >= 0);
		if (r == -ECONNRESET && !reset) {
			reset = true;
			continue;
		}
		if (r != -EAGAIN)
			return r;
		r = wire_wait(socket, POLLOUT, when);
		if (r < 0)
			return r;
	}
}

/* The part of a long message that does not travel inside. */
static int make_file(const unsigned char *data, size_t size)
{
	int fd = sys_sealed_file(data, size);
	if (fd == -EFBIG)
		return error_set(EFBIG, "a message of so many bytes is beyond the limit on files "
					"(ulimit -f): raise it, or send smaller ones");
	if (fd == -EMFILE || fd == -ENFILE)
		return error_set(-fd, "no file descriptor is left to send a long message with: "
				      "close some, or raise the limit (ulimit -n)");
	if (fd == -ENOSYS || fd == -EPERM)
		return error_set(-fd, "a sandbox refuses memfd_create, by which messages are sent "
				      "that are longer than a packet: send smaller ones");
	if (fd < 0)
		return error_set(ENOMEM,
				 "no memory for a message that is %zu bytes longer than a "
				 "packet",
				 size);
	return fd;
}

static int send_inside(int socket, const wire_header *header, const unsigned char *data,
		       size_t inside, int fd, deadline when)
{
	const struct iovec parts[2] = {{(void *)(uintptr_t)header, sizeof(*header)},
				       {(void *)(uintptr_t)data, inside}};
	int r = send_packet(socket, parts, fd, when);
	bool told = r == 0 || r == -ETIMEDOUT || r == -EINTR;
	return told || r == -EMSGSIZE ? r : cannot_send(-r);
}

/* A socket whose buffer was made smaller takes smaller packets. */
static int send_long(int socket, const wire_header *header, const unsigned char *data,
		     size_t inside, deadline when)
{
	int r = -EMSGSIZE;
	for (; r == -EMSGSIZE; inside /= 2) {
		int file = -1;
		if (inside < header->size)
			file = make_file(data + inside, header->size - inside);
		if (inside < header->size && file < 0)
			return file;
		r = send_inside(socket, header, data, inside, file, when);
		sys_close(file);
		if (inside == 0)
			break;
	}
	return r;
}

int wire_send(int socket, enum wire_kind kind, const void *data, size_t size, int fd, deadline when)
{
	const wire_header header = {.magic = WIRE_MAGIC, .kind = kind, .size = size};
	int r;
	if (kind == WIRE_BYTES)
		r = send_long(socket, &header, data, size < WIRE_INSIDE ? size : WIRE_INSIDE, when);
	else
		r = send_inside(socket, &header, data, size, fd, when);
	return r == -EMSGSIZE ? cannot_send(EMSGSIZE) : r;
}

static int not_sound(const char *what)
{
	return error_set(EPROTO, "what came is no message of brood's (%s): it was refused", what);
}

/* Whether a packet that begins so can be a message. */
static int check_sound(const wire_header *header, size_t length, bool beside)
{
	if (length < sizeof(*header) || header->magic != WIRE_MAGIC)
		return not_sound("it does not begin as one");
	size_t inside = length - sizeof(*header);
	if (inside > WIRE_INSIDE)
		return not_sound("the packet is too long");
	switch (header->kind) {
	case WIRE_BYTES:
		if (inside > header->size || (inside < header->size) != beside)
			return not_sound("its size is wrong");
		return 0;
	case WIRE_DESCRIPTOR:
		if (header->size || inside || !beside)
			return not_sound("a descriptor is missing");
		return 0;
	case WIRE_CONNECTION:
		if (header->size != sizeof(wire_connection) || inside != header->size || !beside)
			return not_sound("a connection is missing");
		return 0;
	default:
		return not_sound("it is of an unknown kind");
	}
}

static const char *kind_name(uint32_t kind)
{
	return kind == WIRE_BYTES ? "bytes or a value: take it with brood_recv() or "
				    "brood_connection_recv_bytes()"
	       : kind == WIRE_DESCRIPTOR
		       ? "a file descriptor: take it with brood_connection_recv_fd()"
		       : "a connection: take it with brood_recv(c, brood_connection_handle)";
}

static int check_value(const wire_filter *filter, const beginning *packet, size_t length)
{
	if (length < sizeof(*packet) ||
	    memcmp(packet->value.magic, DUMP_MAGIC, sizeof(packet->value.magic)) != 0)
		return error_set(EBADMSG,
				 "the next message is no value but %llu bytes: take them "
				 "with brood_connection_recv_bytes()",
				 (unsigned long long)packet->header.size);
	if (packet->value.fingerprint && packet->value.fingerprint != fingerprint_of(filter->type))
		return error_set(EBADMSG,
				 "the next message is not a '%s', or one whose fields have "
				 "changed",
				 filter->type->name);
	return 0;
}

/* Whether a message, which is sound, is for this receiver. */
static int check_wanted(const wire_filter *filter, const beginning *packet, size_t length)
{
	const wire_header *header = &packet->header;
	if (header->kind != filter->kind)
		return error_set(EBADMSG, "the next message is %s", kind_name(header->kind));
	if (header->kind != WIRE_BYTES)
		return 0;
	if (header->size > filter->maximum)
		return error_set(EMSGSIZE,
				 "bad message length: the message has %llu bytes, and at "
				 "most %llu are wanted",
				 (unsigned long long)header->size,
				 (unsigned long long)filter->maximum);
	return filter->type ? check_value(filter, packet, length) : 0;
}

/* There is none of the message's sort: 0 to look again, or why not. */
static int wait_for_packet(int socket, int r, deadline when, bool *reset)
{
	if (r == -EAGAIN)
		return wire_wait(socket, POLLIN, when);
	if (r == -ECONNRESET && !*reset) { /* the other side ended with messages unread */
		*reset = true;
		return 0;
	}
	if (r == 0)
		return error_set(EPIPE, "end of file: the other side of the connection is closed, "
					"and all that it sent has been received");
	return error_set(-r, "nothing can be received: %s", strerror(-r));
}

static int no_descriptor(const char *message)
{
	return error_set(EMFILE,
			 "no file descriptor is left for what comes with the message, which %s: "
			 "close some, or raise the limit (ulimit -n)",
			 message);
}

static bool has_spare_descriptor(int socket)
{
	int fd = fcntl(socket, F_DUPFD_CLOEXEC, 3);
	sys_close(fd);
	return fd >= 0;
}

/* Whether something was received: an empty packet, which no brood sends, looks like the end. */
static bool is_packet(int socket, ssize_t length)
{
	return length > 0 || (length == 0 && !sys_at_end(socket));
}

/* Looks at the next packet: 0 when it is to be taken. */
static int look(int socket, const wire_filter *filter, deadline when)
{
	bool reset = false, beside;
	beginning packet;
	const struct iovec part = {&packet, sizeof(packet)};
	for (;;) {
		memset(&packet, 0, sizeof(packet));
		ssize_t length = sys_receive(socket, &part, 1, NULL, 0, true, &beside);
		if (is_packet(socket, length)) {
			if (check_sound(&packet.header, (size_t)length, beside) < 0)
				return 0; /* to be refused */
			if (beside && !has_spare_descriptor(socket))
				return no_descriptor("stays");
			return check_wanted(filter, &packet, (size_t)length);
		}
		int r = wait_for_packet(socket, (int)length, when, &reset);
		if (r < 0)
			return r;
	}
}

/* A packet that was taken, checked as if nobody had looked at it. */
static int check_taken(const wire_filter *filter, const unsigned char *packet, size_t length,
		       bool lost, wire_message *m)
{
	beginning start = {0};
	memcpy(&start, packet, length < sizeof(start) ? length : sizeof(start));
	if (lost && m->fd < 0)
		return no_descriptor("is lost");
	int r = lost ? not_sound("too many descriptors came with it")
		     : check_sound(&start.header, length, m->fd >= 0);
	if (r == 0)
		r = check_wanted(filter, &start, length);
	if (r < 0)
		return r;
	m->size = start.header.size;
	m->inside = length - sizeof(wire_header);
	if (m->inside < m->size && !sys_is_sealed_file(m->fd, m->size - m->inside))
		return not_sound("what should hold the rest of its bytes does not");
	memmove(m->bytes, packet + sizeof(wire_header), m->inside);
	return 0;
}

/* Takes the next packet. -EAGAIN when another receiver was quicker. */
static int take(int socket, const wire_filter *filter, wire_message *ret)
{
	const size_t room = sizeof(wire_header) + WIRE_INSIDE;
	wire_message m = {.bytes = malloc(room), .fd = -1};
	bool lost = false;
	if (!m.bytes)
		return error_set(ENOMEM, "no memory to receive a message");
	const struct iovec part = {m.bytes, room};
	ssize_t length = sys_receive(socket, &part, 1, &m.fd, 1, false, &lost);
	int r = is_packet(socket, length) ? check_taken(filter, m.bytes, (size_t)length, lost, &m)
					  : -EAGAIN;
	if (r < 0)
		wire_release(&m);
	else
		*ret = m;
	return r;
}

int wire_receive(int socket, const wire_filter *filter, deadline when, wire_message *ret)
{
	int r;
	do {
		r = look(socket, filter, when);
		if (r == 0)
			r = take(socket, filter, ret);
	} while (r == -EAGAIN);
	return r;
}

int wire_copy(const wire_message *message, void *to)
{
	if (message->inside)
		memcpy(to, message->bytes, message->inside);
	if (message->inside == message->size)
		return 0;
	int r = sys_read_at(message->fd, (unsigned char *)to + message->inside,
			    message->size - message->inside, 0);
	if (r < 0)
		return error_set(-r, "the rest of a long message cannot be read: %s", strerror(-r));
	return 0;
}

void wire_release(wire_message *message)
{
	sys_close(message->fd);
	free(message->bytes);
	*message = (wire_message){.fd = -1};
}
