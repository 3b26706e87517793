/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_ORPHAN_H
#define PROCESS_ORPHAN_H

#include <stdint.h>
#include <sys/types.h>

/*
 * In a child that is daemonic, or of a daemonic process's tree: from now on the process dies when
 * its parent has died, however. Ends the process at once if the parent, whose pid is given, is dead
 * already.
 */
void orphan_die_with(pid_t parent);

/* Not any more: it lives on when its parent dies. */
void orphan_live_on(void);

/* The signal that this takes, as a signal mask: it must not be blocked. */
uint64_t orphan_signals(void);

#endif
