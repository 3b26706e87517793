/* SPDX-License-Identifier: MIT */
#ifndef BENCH_START_H
#define BENCH_START_H

/*
 * What the parts of bench/start share. A child tells the time of its first instruction in a word
 * of shared memory: forked ones write there, programs write to its descriptor.
 */

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum {
	STAMP_DESCRIPTOR = 100,
	MAX_SAMPLES = 2000,
	MAX_BURST = 1000,
};

/* The program as its own peer: called so, it does nothing but stamp. */
#define NOTHING "--nothing"

static inline int64_t clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void stamp_by_descriptor(void)
{
	int64_t now = clock_ns();
	if (pwrite(STAMP_DESCRIPTOR, &now, sizeof(now), 0) != sizeof(now))
		_exit(1);
}

/* Nanoseconds from before the start to the child's first instruction, and to after it was joined.
 */
struct sample {
	int64_t first, whole;
};

/* A way to start a process. */
struct peer {
	const char *name;
	bool (*once)(struct sample *ret); /* false: it cannot */
	bool (*burst)(int count);	  /* starts all, then joins all; NULL: not measured */
	void (*turn)(void);		  /* before it is its turn; may be NULL */
	bool (*present)(void);		  /* NULL: always */
};

enum peer_number {
	BROOD_FORK,
	FORK,
	FLOOR,
	BROOD_WARM,
	BROOD_COLD,
	WARM_FLOOR,
	WARM_FLOOR_LOOKING,
	BROOD_SPAWN,
	SPAWN_SELF,
	SPAWN_EMPTY,
	SPAWN_LEAST,
	VFORK_LEAST,
	LIBUV,
	PYTHON_FORK,
	PYTHON_FORKSERVER,
	PYTHON_SPAWN,
	PEERS
};
extern const struct peer peers[PEERS];

/* Makes the shared word. */
void peers_begin(void);

/* A warm start in plain C, alone and with a look at what a process inherits. */
void floor_begin(void);
bool floor_warm_once(struct sample *ret);
bool floor_looking_once(struct sample *ret);
bool floor_warm_burst(int count);

/* CPython measures itself, in a process that holds as much memory. */
void python_open(long mib);
void python_close(void);
bool python_present(void);
bool python_once(const char *method, struct sample *ret);

#endif
