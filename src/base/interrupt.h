/* SPDX-License-Identifier: MIT */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

/*
 * Waits that a signal's handler cuts short, by calling brood_interrupt(). The call
 * leaves a mark with its thread, which the thread's wait finds, also when the
 * handler ran just before it began to sleep: nothing is lost in between.
 */

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

/* The calling thread's mark: not 0 once it is interrupted. For a wait on several futexes. */
const _Atomic uint32_t *interrupt_word(void);

/* Whether the thread is interrupted: then it is so no more, and its wait fails with -EINTR. */
bool interrupt_take(void);

/*
 * ppoll(2) until the deadline: how many are ready, 0 in time, or a negative errno:
 * -EINTR when the thread is interrupted and nothing is ready. One that is not to sleep
 * (a deadline that has passed) is not interrupted. Other signals do not end it.
 */
int interrupt_poll(struct pollfd *fds, nfds_t count, deadline when);

/* Records that a wait for this was interrupted: -EINTR with its sentence. */
int interrupt_error(const char *what);

#endif
