/* SPDX-License-Identifier: MIT */
#ifndef PIPE_WIRE_H
#define PIPE_WIRE_H

/*
 * A message as it travels: one packet, which the kernel takes and gives whole, so that a
 * sender or receiver that is killed leaves no half of one. A packet is a header and the
 * message's bytes; of a long message the first bytes, and the rest in a file in memory, sealed,
 * whose descriptor goes with it. That the first bytes travel inside is what makes a sender of
 * long messages wait for a receiver that is slow: they fill the socket's buffer.
 */

#include "base/clock.h"
#include "brood/type.h"

enum wire_kind {
	WIRE_BYTES = 1,	 /* any, the dump of a value among them */
	WIRE_DESCRIPTOR, /* an open file: no bytes */
	WIRE_CONNECTION, /* a port: its address and id, and its descriptor */
};

#define WIRE_MAGIC UINT32_C(0x42524431)

typedef struct wire_header {
	uint32_t magic;
	uint32_t kind;
	uint64_t size; /* of the message */
} wire_header;

enum { WIRE_INSIDE = 65536 - sizeof(wire_header) };

/* What travels in a WIRE_CONNECTION. */
typedef struct wire_connection {
	uint64_t address;
	uint64_t id;
} wire_connection;

/* A message received. */
typedef struct wire_message {
	uint64_t size;
	unsigned char *bytes; /* malloc()ed: the first of the message's bytes, */
	size_t inside;	      /* so many; the rest is in */
	int fd;		      /* this file; or what was sent; or -1 */
} wire_message;

/* What a receiver takes. What else comes first stays. */
typedef struct wire_filter {
	enum wire_kind kind;
	uint64_t maximum;
	const brood_type *type; /* NULL: any bytes */
} wire_filter;

/* Sends one message, with fd beside it unless that is negative. 0, or a negative errno with its
 * sentence. */
int wire_send(int socket, enum wire_kind kind, const void *data, size_t size, int fd,
	      deadline when);

/* Receives the next message: 0, or a negative errno with its sentence; -EPIPE is the end. */
int wire_receive(int socket, const wire_filter *filter, deadline when, wire_message *ret);

/* Copies all of a message's bytes. 0 or a negative errno. */
int wire_copy(const wire_message *message, void *to);

/* Frees it, and closes the file that came with it. */
void wire_release(wire_message *message);

/* Waits for events of poll(2) on a descriptor: 0, -ETIMEDOUT, or a negative errno. */
int wire_wait(int fd, short events, deadline when);

#endif
