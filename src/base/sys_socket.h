/* SPDX-License-Identifier: MIT */
#ifndef BASE_SYS_SOCKET_H
#define BASE_SYS_SOCKET_H

/*
 * Local sockets, as base/sys.h wraps calls: 0, a descriptor or a count, or a negative
 * errno; descriptors are close-on-exec and above the standard streams. Nothing here
 * raises SIGPIPE, and nothing waits.
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

/* 64 random bits, never 0. */
uint64_t sys_random(void);

#endif
