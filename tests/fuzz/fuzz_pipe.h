/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_PIPE_H
#define TESTS_FUZZ_PIPE_H

/*
 * An input is a row of packets as an enemy at the other end sends them: each this
 * header, then so many bytes. What is beside a packet is a file descriptor, or several.
 */

#include <stdint.h>

#include "brood/type.h"

enum fuzz_beside {
	BESIDE_NOTHING,
	BESIDE_DEVICE,
	BESIDE_SEALED, /* a file in memory, sealed, of `rest` bytes */
	BESIDE_UNSEALED,
	BESIDE_HOLE, /* sealed, and without memory */
	BESIDE_SOCKET,
	BESIDE_SEVERAL,
	BESIDES,
};

typedef struct fuzz_packet {
	uint8_t beside;
	uint8_t rest;
	uint16_t length;
} fuzz_packet;

typedef struct ball {
	int id;
	const char *name;
	double *radii;
	size_t n_radii;
} ball;
BROOD_TYPE(ball, id, name, BROOD_MANY(double, radii, n_radii));

#endif
