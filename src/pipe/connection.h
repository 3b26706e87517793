/* SPDX-License-Identifier: MIT */
#ifndef PIPE_CONNECTION_H
#define PIPE_CONNECTION_H

#include "brood/pipe.h"
#include "sync/port.h"

/* One end of a pipe; a block of the family's. */
struct brood_connection {
	port port;
	uint64_t max_message;
	uint32_t can;
	uint32_t reserved;
};

enum connection_can { CONNECTION_RECV = 1, CONNECTION_SEND = 2 };

/* Checks for NULL and for what is no connection: 0, or -EINVAL with its sentence. */
int connection_check(const brood_connection *c);

/*
 * This process's descriptor of a connection that can do what is wanted, until connection_done(); or
 * a negative errno with its sentence.
 */
int connection_use(brood_connection *c, enum connection_can wanted);
void connection_done(brood_connection *c, int fd);

#endif
