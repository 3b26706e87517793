/* SPDX-License-Identifier: MIT */

#include "process/parent.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/sys.h"
#include "process/children.h"

/* Opened when first asked for: few children watch their parent. The pid names the parent as long
 * as this process is its child, which is checked after the open. */
static int watch(brood_process *parent)
{
	children_lock();
	int fd = parent->pidfd;
	if (fd < 0 && (fd = sys_pidfd_open(parent->pid)) >= 0) {
		if (getppid() == parent->pid) {
			parent->pidfd = fd;
		} else {
			sys_close(fd);
			fd = -ESRCH;
		}
	}
	children_unlock();
	return fd;
}

bool parent_ended(brood_process *parent)
{
	int fd = watch(parent);
	return fd < 0 ? getppid() != parent->pid : sys_pidfd_ended(fd);
}

int parent_sentinel(brood_process *parent)
{
	int fd = watch(parent);
	if (fd == -ESRCH)
		return error_set(ESRCH, "the parent '%s' has ended", brood_process_name(parent));
	if (fd < 0)
		return error_set(
			-fd,
			"the parent '%s' cannot be watched: no file descriptor is left, or "
			"the kernel refuses pidfds",
			brood_process_name(parent));
	return fd;
}

int parent_wait(brood_process *parent, deadline when)
{
	int fd = parent_sentinel(parent);
	if (fd == -ESRCH)
		return 0;
	if (fd < 0)
		return fd;
	struct pollfd poll_for = {.fd = fd, .events = POLLIN};
	int r = interrupt_poll(&poll_for, 1, when);
	if (r == -EINTR)
		return interrupt_error("the parent");
	if (r == 0)
		return error_set(ETIMEDOUT, "the parent '%s' has not ended in time",
				 brood_process_name(parent));
	return r > 0 ? 0 : r;
}
