/* SPDX-License-Identifier: MIT */

#include "base/interrupt.h"

#include <signal.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/newborn.h"
#include "base/sigmask.h"
#include "base/sys.h"

/* Where a handler finds it without allocating, as the general model may. */
static _Thread_local _Atomic uint32_t mark __attribute__((tls_model("initial-exec")));

void brood_interrupt(void)
{
	atomic_store(&mark, 1);
}

const _Atomic uint32_t *interrupt_word(void)
{
	return &mark;
}

NEWBORN bool interrupt_take(void)
{
	return atomic_load_explicit(&mark, memory_order_relaxed) && atomic_exchange(&mark, 0);
}

int interrupt_error(const char *what)
{
	return error_set(EINTR,
			 "the wait for %s was interrupted: a signal's handler called "
			 "brood_interrupt(); wait again, or make an end",
			 what);
}

static int poll_once(struct pollfd *fds, nfds_t count, deadline when, const sigset_t *mask)
{
	struct timespec left;
	return sys_result(ppoll(fds, count, deadline_left(when, &left), mask));
}

/* With the signals blocked, but while it sleeps: so a handler has either left its mark before it is
 * looked for, or ends the sleep. */
int interrupt_poll(struct pollfd *fds, nfds_t count, deadline when)
{
	CANCEL_HOLD(held);
	int r;
	if (when == 0) {
		while ((r = poll_once(fds, count, when, NULL)) == -EINTR)
			;
		return r;
	}
	SIGMASK_BLOCK_ALL(blocked);
	sigset_t as_before;
	sigemptyset(&as_before);
	memcpy(&as_before, &blocked.before, sizeof(blocked.before));
	do {
		if (interrupt_take()) {
			r = poll_once(fds, count, 0, NULL);
			if (r > 0) /* no wait: the next one is cut short */
				atomic_store(&mark, 1);
			return r == 0 ? -EINTR : r;
		}
		r = poll_once(fds, count, when, &as_before);
	} while (r == -EINTR);
	return r;
}
