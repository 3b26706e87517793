/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SERVER_H
#define PROCESS_SERVER_H

/*
 * The fork server's own process, and the warm children that it makes: the other side of
 * forkserver.c, which has the protocol.
 */

#include "process/launch.h"

/* What the server's program finds when it is run. A block of the heap, owned by the server's slot.
 */
struct server_birth {
	enum launch_what what; /* LAUNCH_SERVER */
	int channel;	       /* SOCK_SEQPACKET */
	pid_t parent;
	_Atomic pid_t newest; /* the child made last, which may not have been offered yet */
	size_t modules_size;
	char modules[]; /* to load before children are made: names, one behind the other */
};

/* Parent to server: make so many children. */
typedef uint32_t server_request;

/* Server to parent, for each: a warm child, with its channel and its pidfd (none where the kernel
 * has none). */
struct warm_offer {
	pid_t pid;
	int error;     /* or why there is none: an errno, */
	char why[240]; /* and the rest of the sentence "the fork server cannot ..." */
};

/* Parent to child: become this process; with descriptors of the working directory, those of the
 * streams 1 and 2 that are open, and what given_pack() has packed. */
struct warm_order {
	struct launch *launch;
	bool folder;
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

#endif
