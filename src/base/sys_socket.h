/* SPDX-License-Identifier: MIT */
#ifndef BASE_SYS_SOCKET_H
#define BASE_SYS_SOCKET_H

/*
 * Local sockets, and what is polled beside them, as base/sys.h wraps calls: 0, a descriptor or a
 * count, or a negative errno; descriptors are close-on-exec and above the standard streams. Nothing
 * here raises SIGPIPE, and nothing waits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * A datagram socket that sys_ring() finds by a number, wherever in this network
 * namespace it is called: in the abstract name space, which no directory and no
 * permission guards. -EADDRINUSE when the number is taken.
 */
int sys_bell(uint64_t id);

/*
 * Makes the bell of that number readable. 0; -EAGAIN when it has been rung so often
 * that nothing more fits; -ECONNREFUSED when nobody has it open; -EMFILE, -ENFILE or -ENOMEM when
 * there is nothing to ring it with.
 */
int sys_ring(uint64_t id);

/* Takes back what rings have left. */
void sys_hush(int bell);

/* A descriptor that becomes readable so long after it was last wound, if it has been, and stays
 * so until it is wound again. */
int sys_timer(void);
void sys_wind(int timer, unsigned seconds);

/* A descriptor that is readable while one of these two is, as long as they are open. */
int sys_either(int one, int other);

/* Two connected sockets that keep the bounds of messages (SOCK_SEQPACKET). */
int sys_socketpair(int ret_ends[2]);

/*
 * Sends one message with `count` descriptors, SYS_PASS_MAX at most, beside it, whole or not at all.
 * 0, or -EAGAIN (full), -EPIPE, -EMSGSIZE, -ETOOMANYREFS (too many descriptors are
 * on their way), ...
 */
enum { SYS_PASS_MAX = 250 };
int sys_send(int socket, const struct iovec *parts, size_t n_parts, const int *fds, size_t count);

/*
 * Takes one message, and at most `count` descriptors that came beside it: -1 in fds[] for those
 * that did not. With `peek` it is only looked at, and its descriptors are left alone. Returns its
 * length, which may be more than the parts hold, or a negative errno: -EAGAIN (none), ...; 0 is
 * also the end. *ret_lost: more came beside it, or would have.
 */
ssize_t sys_receive(int socket, const struct iovec *parts, size_t n_parts, int *fds, size_t count,
		    bool peek, bool *ret_lost);

/* Whether the other side of a connected socket is closed and nothing but empty messages, if any, is
 * left to receive. */
bool sys_at_end(int socket);

/* A duplicate of another process's descriptor: -EPERM where ptrace's rules forbid it, -ENOSYS where
 * the system does, -EBADF, -ESRCH. */
int sys_pidfd_getfd(int pidfd, int fd);

/* Where ptrace is restricted to descendants (the Yama module), lets this process and its
 * descendants trace the calling one, and so take its descriptors. */
void sys_allow_tracer(pid_t pid);

/* Which file a descriptor is of, among those open: its inode's number; 0 when it is not open. */
uint64_t sys_inode(int fd);

/* A file in memory that holds these bytes and can never change; -EFBIG beyond RLIMIT_FSIZE. */
int sys_sealed_file(const void *data, size_t size);

/* Whether a descriptor is of such a file, of just that size, all of which takes memory. */
bool sys_is_sealed_file(int fd, size_t size);

/* 0, or a negative errno; -EPIPE when the file ends before. */
int sys_read_at(int fd, void *data, size_t size, off_t offset);

/* 64 random bits, never 0. */
uint64_t sys_random(void);

#endif
