/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

/* What carries messages between processes, brood's queue and what it is compared with. */

#include <stdbool.h>
#include <stddef.h>

enum { SIZES = 5, LARGEST = 1 << 20, ROOM = 1024 };

typedef struct peer {
	const char *name;
	/* A channel for messages of `size` bytes, at most `room` of them where it can be said;
	 * false when there is none for such. It outlives a fork. `many`: several at both ends. */
	bool (*open)(int channel, size_t size, bool many);
	void (*send)(int channel, const void *message, size_t size);
	void (*receive)(int channel, void *message, size_t size);
	void (*close)(int channel);
} peer;

extern const peer peers[];
extern const int n_peers;

/* The peer of which the others' ratios are. */
enum { PEER_BROOD };

#endif
