/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

/* What carries messages between processes, brood's queue and what it is compared with. */

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SIZES = 5, LARGEST = 1 << 20, ROOM = 1024, ROOM_LARGE = 16, MANY = 4, CHANNELS = 2 };

/* One of the processes at a channel, those that send and those that receive counted each. */
typedef struct seat {
	bool sends;
	int number, of;
} seat;

typedef struct peer {
	const char *name;
	/* A channel for messages of `size` bytes, at most `room` of them where it can be said;
	 * false when there is none for such. It outlives a fork. `many`: several at both ends. */
	bool (*open)(int channel, size_t size, bool many);
	void (*send)(int channel, const void *message, size_t size);
	void (*receive)(int channel, void *message, size_t size);
	void (*close)(int channel);
	/* In a process that is about to use it; may be NULL. Senders may wait for receivers. */
	void (*enter)(int channel, seat at);
	int share; /* unless 0, it sends so many times fewer */
	bool even; /* large messages cost it what small ones do: it sends as many */
} peer;

extern const peer *const peers[];
extern const int n_peers;

/* A word that two processes wake each other by: the floor of round trips, and for those only. */
extern const peer peer_futex, peer_futex_nap;

/* Those in files of their own, where they are installed. */
extern const peer peer_nng, peer_zeromq, peer_boost;

/* How many messages of this size a channel has room for. */
static inline int room_for(size_t size)
{
	return size > 65536 ? ROOM_LARGE : ROOM;
}

/* Ends the program when that is negative. */
void check(long result, const char *what);

/* The peer of which the others' ratios are. */
enum { PEER_BROOD };

#ifdef __cplusplus
}
#endif

#endif
