/* SPDX-License-Identifier: MIT */
/*
 * Who has a descriptor is noted in the port before others are to find it, and taken out
 * before the descriptor is closed. So a fetched one is of the right file if the
 * note is still there afterwards; it is compared by its inode all the same, since a
 * program may close any number behind our back.
 *
 * Fetching is pidfd_getfd(), which asks for the right to trace the holder. The Yama
 * module grants that to ancestors only; a holder therefore lets the family's root and its
 * descendants trace it, as the processes of a family trust each other anyway. A
 * container that forbids the call leaves what needs none: the arguments of a process,
 * and sending the port through a connection.
 *
 *	died                            left                        repaired by
 *	as a holder                     a note                      who needs a place, or finds it
 *	after its descriptor, before    a descriptor that nobody    the kernel, which closes it
 *	the note                        can fetch
 */

#include "sync/port.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "base/newborn.h"
#include "base/sys.h"
#include "base/sys_socket.h"
#include "heap/table.h"
#include "sync/held.h"

#define PORT_MAGIC UINT64_C(0x70a7f1d5c0ffee11)

bool port_valid(const void *pointer)
{
	return brood_heap_contains(pointer) && heap_block_of(pointer) == pointer &&
	       ((const port *)pointer)->magic == PORT_MAGIC;
}

static uint64_t note_of(heap_owner owner, int fd)
{
	return (uint64_t)owner << 32 | (uint32_t)fd;
}

static heap_owner owner_in(uint64_t note)
{
	return (heap_owner)(note >> 32);
}

/* Where the root's descendants are let in anew: in each process once. */
static void let_family_in(void)
{
	static _Atomic pid_t done_in;
	pid_t self = getpid();
	if (atomic_exchange(&done_in, self) != self)
		sys_allow_tracer(table_root());
}

/* With all places taken by the living, it is not noted. */
static void note_holder(port *p, int fd)
{
	uint64_t mine = note_of(table_owner(table_self()), fd);
	let_family_in();
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < PORT_HOLDERS; i++) {
			uint64_t note = pass ? atomic_load(&p->holder[i]) : 0;
			if ((!note || table_dead(owner_in(note))) &&
			    atomic_compare_exchange_strong(&p->holder[i], &note, mine))
				return;
		}
	}
}

static void remove_holder(port *p)
{
	heap_owner me = table_owner(table_self());
	for (int i = 0; i < PORT_HOLDERS; i++) {
		uint64_t note = atomic_load(&p->holder[i]);
		if (owner_in(note) == me)
			atomic_compare_exchange_strong(&p->holder[i], &note, 0);
	}
}

static int take(port *p, int fd)
{
	fd = held_add(p, p->id, HELD_CONNECTION, fd);
	if (fd >= 0)
		note_holder(p, fd);
	return fd < 0 ? fd : 0;
}

int port_init(port *p, int fd)
{
	*p = (port){.magic = PORT_MAGIC, .id = sys_random(), .socket = sys_inode(fd)};
	return take(p, fd);
}

int port_take(port *p, int fd)
{
	if (sys_inode(fd) != p->socket) {
		sys_close(fd);
		return error_set(EBADMSG, "the descriptor is not the connection's");
	}
	return take(p, fd);
}

/* A duplicate of one holder's descriptor, or a negative errno. */
static int fetch_from(const port *p, uint64_t note)
{
	int pidfd = table_open(owner_in(note));
	if (pidfd < 0)
		return pidfd;
	int fd = sys_pidfd_getfd(pidfd, (int)(uint32_t)note);
	sys_close(pidfd);
	if (fd >= 0 && sys_inode(fd) != p->socket) {
		sys_close(fd);
		return -EBADF;
	}
	return fd;
}

static int cannot_fetch(int err)
{
	switch (err) {
	case EPERM:
	case ENOSYS:
	case EACCES:
		return error_set(EPERM, "the system forbids to fetch the connection's descriptor "
					"from the process that has it (pidfd_getfd): pass the "
					"connection in a process's args, or send it through "
					"another connection");
	case EMFILE:
	case ENFILE:
		return error_set(err, "no file descriptor is left for the connection: close some, "
				      "or raise the limit (ulimit -n)");
	case ENOMEM:
		return error_set(err, "no memory for the connection's descriptor");
	default:
		return error_set(EPIPE, "no process holds this end of the connection any more: "
					"whoever passes an end on must keep it open until the "
					"receiver has used it");
	}
}

/* What weighs more of two reasons why there is no descriptor: that a holder has gone says little.
 */
static int weightier(int r, int than)
{
	return r == -ESRCH || r == -EBADF ? than : r;
}

static int fetch(port *p)
{
	int r = -ESRCH;
	for (int i = 0; i < PORT_HOLDERS; i++) {
		uint64_t note = atomic_load(&p->holder[i]);
		if (!note)
			continue;
		int fd = fetch_from(p, note);
		if (fd >= 0)
			return take(p, fd);
		r = weightier(fd, r);
	}
	return cannot_fetch(-r);
}

int port_use(port *p)
{
	int fd = held_use(p, p->id);
	while (fd == -ENOENT) {
		int r = fetch(p);
		if (r < 0)
			return r;
		fd = held_use(p, p->id);
	}
	if (fd == -EBADF)
		return error_set(EBADF, "handle is closed: this process has closed the connection");
	return fd;
}

void port_done(port *p, int fd)
{
	held_done(p, fd);
}

int port_open(port *p)
{
	return held_peek(p, p->id) >= 0 ? 0 : fetch(p);
}

void port_close(port *p)
{
	remove_holder(p);
	held_close(p, p->id);
}

bool port_closed(const port *p)
{
	return held_peek(p, p->id) == -EBADF;
}

void port_end(port *p)
{
	remove_holder(p);
	held_drop(p, p->id);
	p->magic = 0;
}

NEWBORN void port_keep(void *const *ports, size_t count)
{
	held_keep(ports, count);
	for (size_t i = 0; i < count; i++) {
		port *p = ports[i];
		int fd = port_valid(p) ? held_peek(p, p->id) : -ENOENT;
		if (fd >= 0)
			note_holder(p, fd);
	}
}

/* One message: the ports' addresses, and their descriptors beside them. */
typedef struct parcel {
	size_t count;
	void *ports[SYS_PASS_MAX];
	int fds[SYS_PASS_MAX];
} parcel;

/* Takes up to a parcelful of ports from *next on. */
static void fill(parcel *out, void *const *ports, size_t count, size_t *next)
{
	out->count = 0;
	for (; *next < count && out->count < SYS_PASS_MAX; ++*next) {
		port *p = ports[*next];
		int fd = port_valid(p) ? held_use(p, p->id) : -ENOENT;
		if (fd < 0)
			continue;
		out->ports[out->count] = p;
		out->fds[out->count++] = fd;
	}
}

static int post(int end, const parcel *out)
{
	struct iovec addresses = {.iov_base = (void *)(uintptr_t)out->ports,
				  .iov_len = out->count * sizeof(out->ports[0])};
	int r = sys_send(end, &addresses, 1, out->fds, out->count);
	for (size_t i = 0; i < out->count; i++)
		held_done(out->ports[i], out->fds[i]);
	if (r < 0)
		return error_set(-r,
				 "cannot pass %zu connections to a new process: the system has "
				 "no memory for them, or too many descriptors are on their way",
				 out->count);
	return 0;
}

static int post_all(int end, void *const *ports, size_t count)
{
	parcel out;
	int posted = 0, r = 0;
	for (size_t next = 0; r == 0 && next < count;) {
		fill(&out, ports, count, &next);
		r = out.count ? post(end, &out) : 0;
		posted += out.count > 0;
	}
	return r < 0 ? r : posted ? 0 : -ENOENT;
}

int port_pack(void *const *ports, size_t count)
{
	int ends[2];
	if (!count)
		return -ENOENT;
	int r = sys_socketpair(ends);
	if (r < 0)
		return cannot_fetch(-r);
	r = post_all(ends[0], ports, count);
	sys_close(ends[0]);
	if (r < 0) {
		sys_close(ends[1]);
		return r;
	}
	return ends[1];
}

void port_unpack(int fd)
{
	parcel in;
	bool lost;
	struct iovec addresses = {.iov_base = in.ports, .iov_len = sizeof(in.ports)};
	for (;;) {
		ssize_t r = sys_receive(fd, &addresses, 1, in.fds, SYS_PASS_MAX, false, &lost);
		if (r <= 0)
			break;
		/* A lost one, for want of descriptors, can still be fetched. */
		for (size_t i = 0; i < (size_t)r / sizeof(in.ports[0]); i++)
			if (in.fds[i] >= 0 && port_valid(in.ports[i]))
				port_take(in.ports[i], in.fds[i]);
	}
	sys_close(fd);
}
