/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_END_H
#define PROCESS_END_H

/* Waiting for a process to end. */

#include "base/clock.h"
#include "process/object.h"

/* Waits for a started child of this process and reaps it. Returns 0, -ETIMEDOUT, or -EINTR where
 * brood_interrupt() may cut the wait short. */
enum end_how { END_THROUGH, END_INTERRUPTIBLE };
int end_wait(brood_process *process, deadline when, enum end_how how);

/* Sends a signal to a started process; one that has ended is no error. 0 or a negative errno. */
int end_signal(brood_process *process, int signal);

/* Whether it can be sent a signal: it has been started, here or elsewhere. 0, or -EINVAL with a
 * sentence. */
int end_check_signal(brood_process *process, const char *verb);

#endif
