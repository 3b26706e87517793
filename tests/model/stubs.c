/* SPDX-License-Identifier: MIT */
/* What the explored sources call beside the kernel and the heap. */

#include <errno.h>

#include "base/interrupt.h"
#include "brood/base.h"
#include "log/log.h"
#include "sync/bell.h"

const char *log_process_name(void)
{
	return "";
}

void bell_ring_all(bell *which)
{
	(void)which;
}

int interrupt_error(const char *what)
{
	(void)what;
	return -EINTR;
}

void brood_interrupt(void) {}

void bell_end(bell *which)
{
	(void)which;
}
