/* SPDX-License-Identifier: MIT */
#ifndef BASE_MESSAGE_H
#define BASE_MESSAGE_H

/*
 * Small messages, with descriptors, between the ends of a SOCK_SEQPACKET socket. All return a
 * negative errno on failure; EINTR is retried; SIGPIPE is never raised.
 */

#include <stddef.h>
#include <sys/types.h>

enum { MESSAGE_MAX_FDS = 4 };

/* Two connected ends, close-on-exec. */
int message_pair(int ret_ends[2]);

/* Sends data with n descriptors, which stay the caller's. Never blocks: -EAGAIN when the socket is
 * full. Returns 0; -EPIPE or -ECONNRESET when nobody can receive it. */
int message_send(int fd, const void *data, size_t size, const int *fds, int n);

/*
 * Receives a message of this size; *ret_n descriptors (at most MESSAGE_MAX_FDS) are the caller's.
 * `flags` are recv(2)'s. Returns 1; 0 when the other end is gone; -EAGAIN with
 * MSG_DONTWAIT; -EBADMSG for another size; -EMFILE when descriptors got lost for want of numbers.
 */
int message_receive(int fd, void *data, size_t size, int *fds, int *ret_n, int flags);

#endif
