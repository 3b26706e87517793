/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PARENT_H
#define PROCESS_PARENT_H

/* The parent, seen from its child: it can be watched, and nothing else. */

#include "base/clock.h"
#include "process/object.h"

/* A descriptor that is readable once the parent has ended, or a negative errno. */
int parent_sentinel(brood_process *parent);

/* Waits for the parent's end: 0, -ETIMEDOUT, or -EINTR after brood_interrupt(). */
int parent_wait(brood_process *parent, deadline when);

/* Whether it has ended; leaves no sentence. */
bool parent_ended(brood_process *parent);

#endif
