/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_ORPHAN_H
#define PROCESS_ORPHAN_H

#include <stdint.h>
#include <sys/types.h>

/* In the parent: the death signal of a child that the calling thread is going to make. */
int orphan_signal(void);

/*
 * In a child that is daemonic, or of a daemonic process's tree: from now on the process dies when
 * its parent has died, however, by this death signal. Ends the process at once if the parent, whose
 * pid is given, is dead already.
 */
void orphan_die_with(pid_t parent, int signal);

/* Not any more, with the death signal that it had: it lives on when its parent dies. */
void orphan_live_on(int signal);

/* The signal that this may take, as a signal mask: it must not be blocked. */
uint64_t orphan_signals(void);

#endif
