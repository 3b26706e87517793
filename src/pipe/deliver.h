/* SPDX-License-Identifier: MIT */
#ifndef PIPE_DELIVER_H
#define PIPE_DELIVER_H

/* The functions of brood/pipe.h, with a deadline. 0, or what is received; or a negative errno with
 * its sentence. */

#include "base/clock.h"
#include "brood/pipe.h"

int connection_send(brood_connection *c, brood_value value, deadline when);
int connection_send_bytes(brood_connection *c, const void *data, size_t size, deadline when);
int connection_send_fd(brood_connection *c, int fd, deadline when);

/* *ret is NULL for no value and for a NULL string. */
int connection_recv(brood_connection *c, const brood_type *type, deadline when, void **ret);
int connection_recv_bytes(brood_connection *c, size_t maximum, deadline when, brood_bytes **ret);
long long connection_recv_into(brood_connection *c, void *buffer, size_t size, deadline when);
int connection_recv_fd(brood_connection *c, deadline when);

int connection_poll(brood_connection *c, deadline when);

#endif
