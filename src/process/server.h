/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SERVER_H
#define PROCESS_SERVER_H

/*
 * The fork server's own process, and what it shares with the process that uses it (nursery.c). A
 * block of the heap, owned by the server's slot: nobody else writes there once the server, its
 * children and their parent are dead, so it can be swept then. A child that has said that it is
 * ready is no child of the server any more: the parent may have freed the block since.
 *
 * A cell's life, and who takes each step:
 *
 *	EMPTY -> MAKING   the server; the kernel writes the child's pid there as it makes it
 *	MAKING -> PARKED  the child, which then waits for the cell to change
 *	PARKED -> ALERT   the parent: wakes the child, which waits for the order
 *	ALERT -> ORDERED  the parent, with the launch; directory and streams are in the channel
 *	ORDERED -> EMPTY  the child, which has taken them
 *
 * Instead of the next step the parent may say QUIT in any of them: then the child ends. (It may not
 * be able to kill it: it may have changed its user since.)
 *
 * A death before the last step leaves the cell as it is until the parent finds it, because it waits
 * for the child that it has taken, and makes it EMPTY. One in MAKING is found when the server is
 * closed, or when children are wanting.
 */

#include "base/sys.h"
#include "process/launch.h"

enum { SERVER_CELLS = 64, SERVER_WHY = 200, SERVER_NEEDED = 4 };

enum cell_state { CELL_EMPTY, CELL_MAKING, CELL_PARKED, CELL_ALERT, CELL_ORDERED, CELL_QUIT };

struct warm_cell {
	_Alignas(64) _Atomic uint32_t state; /* a futex */
	pid_t pid;
	uint64_t started; /* no later than this, of pidref.h; 0: not known yet */
	int processor;	  /* on which the parent runs as it alerts the child */
	struct launch *launch;
};

/* What the server's program finds when it is run. */
struct server_birth {
	enum launch_what what; /* LAUNCH_SERVER */
	int channel;	       /* from which the children receive orders */
	sys_file channel_file;
	pid_t parent;
	int death_signal;	 /* of the server and its children; orphan.h */
	uint64_t ignored;	 /* of warm_ignored, what the parent itself ignores: a mask */
	_Atomic uint32_t wanted; /* a futex: how many children were ever asked for */
	_Atomic uint32_t news;	 /* a futex: counts what the parent may wait for */
	_Atomic bool closing;
	/* What the last child needed first: its launch, process, argument and target. Those of the
	 * next are likely to be on the same pages. */
	_Atomic uintptr_t needed[SERVER_NEEDED];
	_Atomic int error;    /* an errno, why no child was made */
	char why[SERVER_WHY]; /* "", or the rest of the sentence "the fork server cannot ..." */
	struct warm_cell cells[SERVER_CELLS];
	size_t modules_size;
	char modules[]; /* to load before children are made: names, one behind the other */
};

/* Parent to child, in the channel: with descriptors of the working directory, those of the streams
 * 1 and 2 that are open, and what given_pack() has packed. */
struct warm_order {
	bool open[2];
	bool given;
};

/* What the parent tells a child that it has given an order, in its launch. */
enum warm_word {
	WARM_WAIT, /* for it looks whether all is as it was */
	WARM_GO,
	WARM_QUIT,
};

void server_main(struct server_birth *birth) BROOD_NORETURN;

/* Waits for a change of the word, some seconds at most; ends the process when its parent is dead,
 * of which the death signal may not have told it (ThreadSanitizer holds it back). */
void server_wait(const _Atomic uint32_t *word, uint32_t value, pid_t parent);

/* In the server: what is done once for all its children. */
void warm_prepare(void);

/* In a child of the server: waits in its cell to be told which process it is to be. */
void warm_main(struct server_birth *birth, struct warm_cell *cell) BROOD_NORETURN;

/* The signals that the server is born ignoring, and its children ignore until they are taken: what
 * the terminal sends to all of the family is for the processes that do its work. */
enum { WARM_IGNORED = 6 };
extern const int warm_ignored[WARM_IGNORED];

#endif
