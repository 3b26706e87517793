/* SPDX-License-Identifier: MIT */
/*
 * Starting a process, whatever the method. All that can fail is done before there
 * is a process, so that none begins to work whose start is then reported as failed.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/sys.h"
#include "process/children.h"
#include "process/exit.h"
#include "process/method.h"
#include "process/oom.h"
#include "process/report_record.h"
#include "process/self.h"

static int check_startable(const brood_process *process)
{
	int r = process_usable(process);
	if (r < 0)
		return r;
	if (process != brood_current_process() && process->state != PROCESS_INITIAL &&
	    process->kind == PROCESS_CHILD)
		return error_set(EINVAL,
				 "cannot start a process twice: make another one to run '%s' "
				 "again",
				 brood_process_name(process));
	if (exit_refuses_start())
		return error_set(ECANCELED,
				 "cannot start '%s': this process is ending, and only its "
				 "finalizers may still start others",
				 brood_process_name(process));
	if (!process_is_ours(process))
		return error_set(EINVAL,
				 "can only start a process object created by current process; "
				 "'%s' is not",
				 brood_process_name(process));
	return 0;
}

/* Claims the right to start the process, against other threads. It is listed already now, so
 * that after the fork nothing need be written but the object itself. */
static int begin(brood_process *process)
{
	self_adopt();
	children_lock();
	int r = check_startable(process);
	if (r == 0) {
		process->state = PROCESS_STARTING;
		children_add(process);
	}
	children_unlock();
	return r;
}

static void give_up(brood_process *process)
{
	children_lock();
	process->pid = 0;
	process->state = PROCESS_INITIAL;
	children_remove(process);
	children_unlock();
}

/* A descriptor is needed after the fork: looks for one before it. */
static int check_descriptors(void)
{
	int null = sys_null();
	int fd = null < 0 ? sys_pidfd_open(self_pid()) : fcntl(null, F_DUPFD_CLOEXEC, 0);
	int err = fd < 0 && null >= 0 ? errno : -fd;
	if (fd >= 0)
		close(fd);
	if (fd < 0 && (err == EMFILE || err == ENFILE))
		return error_set(err,
				 "no file descriptor is left for the process's sentinel: close "
				 "some, free processes that have ended (brood_process_free), or "
				 "raise the limit (ulimit -n)");
	return 0;
}

static void give_texts(struct process_text *text, heap_owner to)
{
	for (; text; text = text->before)
		heap_give(text, to);
}

/* The object itself, with its names and keys. */
static void give_own(brood_process *process, heap_owner to)
{
	heap_give(process, to);
	give_texts(process->name, to);
	give_texts(process->authkey, to);
}

/* With what it runs on. */
static void give_all(brood_process *process, heap_owner to)
{
	give_own(process, to);
	if (process->args.block)
		heap_give(process->args.block, to);
	if (process->given)
		heap_give(process->given, to);
}

static int take_slot(brood_process *process)
{
	process->slot = table_reserve();
	if (!process->slot)
		return -errno;
	process->lineage = lineage_of(table_place_of(process->slot));
	process->session = getsid(0);
	process->since = atomic_load(&process->slot->started);
	table_set_name(process->slot, brood_process_name(process));
	give_all(process, table_owner(process->slot));
	return 0;
}

static void give_slot_back(brood_process *process)
{
	give_all(process, table_owner(table_self()));
	table_release(process->slot);
	process->slot = NULL;
}

void process_release_slot(brood_process *process)
{
	if (process->launch)
		heap_free_owned(process->launch, table_owner(process->slot));
	if (process->args.block)
		heap_free_owned(process->args.block, table_owner(process->slot));
	if (process->given)
		heap_free_owned(process->given, table_owner(process->slot));
	give_own(process, table_owner(table_self()));
	record_take(process);
	table_release(process->slot);
}

int method_refused(const char *name, int err)
{
	if (err == EMFILE || err == ENFILE)
		return error_set(err,
				 "no file descriptor is left to start '%s': close some, free "
				 "processes that have ended (brood_process_free), or raise the "
				 "limit (ulimit -n)",
				 name);
	return error_set(err, "cannot start '%s': %s", name,
			 err == EAGAIN
				 ? "the limit on processes is reached (ulimit -u, or pids.max of "
				   "the control group); join some that have ended"
			 : err == ENOMEM ? "no memory for another process"
					 : "the system refuses to make a process; does a sandbox?");
}

static int start(brood_process *process, int *ret_pidfd)
{
	int r = check_descriptors();
	if (r == 0)
		r = take_slot(process);
	if (r < 0)
		return r;
	r = process->method->start(process, ret_pidfd);
	if (r < 0)
		give_slot_back(process);
	return r;
}

int brood_process_start(brood_process *process)
{
	CANCEL_HOLD(held);
	children_reap();
	int r = begin(process);
	if (r < 0)
		return r;
	int pidfd = -1;
	oom_begin();
	process->end.started = clock_now();
	r = start(process, &pidfd);
	if (r < 0) {
		give_up(process);
		return r;
	}
	process->pidfd = pidfd;
	process->state = PROCESS_STARTED; /* from here on others may reap it */
	if (process->detached)
		process_unref(process);
	return 0;
}
