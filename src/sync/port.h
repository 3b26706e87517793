/* SPDX-License-Identifier: MIT */
#ifndef SYNC_PORT_H
#define SYNC_PORT_H

/*
 * A socket that processes of the family share by passing a pointer: the beginning of an
 * object in the heap. Each process that uses it has a descriptor of its own (held.h):
 * inherited, sent along when it was started, or else fetched from a process that has one.
 */

#include <stdatomic.h>

#include "heap/heap.h"

enum { PORT_HOLDERS = 24 };

typedef struct port {
	uint64_t magic;
	uint64_t id;	 /* held.h */
	uint64_t socket; /* its inode */
	/* Processes that have a descriptor: owner << 32 | descriptor; 0: free. More may have one
	 * than are noted. */
	_Atomic uint64_t holder[PORT_HOLDERS];
} port;

/* Whether a pointer, from wherever, is to a port at the start of a block. */
bool port_valid(const void *pointer);

/* A new one for a socket, which is taken over, also on failure. 0 or a negative errno. */
int port_init(port *p, int fd);

/*
 * The calling process's descriptor, fetched if it has none; it stays open until port_done(). Or,
 * with a sentence, -EBADF (closed in this process), -EPERM (the system forbids to fetch it),
 * -EPIPE (no process has it any more), -EMFILE, ...
 */
int port_use(port *p);
void port_done(port *p, int fd);

/* Fetches the descriptor if this process has none, also after port_close(). 0 or as port_use(). */
int port_open(port *p);

/* The calling process gives its descriptor up; again, or without having had one: nothing. */
void port_close(port *p);
bool port_closed(const port *p);

/* Before the object is freed: forgets it, in this process, and for all it is none any more. */
void port_end(port *p);

/* In a process that brood has just forked: closes all that it inherited but these. */
void port_keep(void *const *ports, size_t count);

/*
 * The descriptors that this process has of these ports, in one: it can be passed to another process
 * by any means, which takes them out with port_unpack(). Ports of which it has none are left out.
 * -ENOENT when that is all, or a negative errno with its sentence.
 */
int port_pack(void *const *ports, size_t count);
void port_unpack(int fd);

/* Notes a descriptor that came otherwise, unless it is of another socket. It is taken over. */
int port_take(port *p, int fd);

#endif
