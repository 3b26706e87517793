/* SPDX-License-Identifier: MIT */
/* How a process ends, seen from outside: join, is_alive, exitcode, signals, sentinel. */

#include "process/end.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/pidref.h"
#include "base/sys.h"
#include "process/children.h"
#include "process/parent.h"
#include "process/report_record.h"
#include "process/self.h"

static enum process_state poll_state(brood_process *process)
{
	children_lock();
	children_poll(process);
	enum process_state state = process->state;
	children_unlock();
	return state;
}

/* For a millisecond: 1, 0 when the deadline has passed, -EINTR. */
static int sleep_unless_over(deadline when, enum end_how how)
{
	deadline now = clock_now(), moment = now + 1000000;
	if (now >= when)
		return 0;
	if (moment > when)
		moment = when;
	if (how == END_INTERRUPTIBLE && interrupt_poll(NULL, 0, moment) < 0)
		return -EINTR;
	clock_sleep(moment);
	return 1;
}

/* Where there is only the pid, a wait that may end earlier means asking again and again. */
static int wait_by_pid(pid_t pid, deadline when, enum end_how how)
{
	siginfo_t info;
	int at_once = when == DEADLINE_NEVER && how == END_THROUGH ? 0 : WNOHANG, r = 1;
	while (r > 0 && sys_wait_child(pid, -1, WEXITED | WNOWAIT | __WALL | at_once, &info) == 0)
		r = sleep_unless_over(when, how);
	return r;
}

/*
 * Waits until the process has ended, without reaping it: 1 ended, 0 not in time, -EINTR. When
 * somebody else reaps the child meanwhile waitid(2) fails, and the descriptor tells.
 */
static int wait_for_end(pid_t pid, int pidfd, deadline when, enum end_how how)
{
	siginfo_t info;
	struct pollfd poll_for = {.fd = pidfd, .events = POLLIN};
	if (pidfd < 0)
		return wait_by_pid(pid, when, how);
	if (how == END_INTERRUPTIBLE)
		return interrupt_poll(&poll_for, 1, when);
	if (when == DEADLINE_NEVER &&
	    sys_wait_child(pid, pidfd, WEXITED | WNOWAIT | __WALL, &info) == 1)
		return 1;
	struct timespec left;
	int r;
	do {
		r = sys_pidfd_wait(pidfd, deadline_left(when, &left));
	} while (r == -EINTR);
	return r;
}

int end_wait(brood_process *process, deadline when, enum end_how how)
{
	children_lock();
	process->waiters++; /* keeps the descriptor from being closed, and its number from reuse */
	children_unlock();
	int r = 1;
	poll_state(process);
	while (process->state != PROCESS_ENDED &&
	       (r = wait_for_end(process->pid, process->pidfd, when, how)) > 0 &&
	       poll_state(process) != PROCESS_ENDED)
		/* A tracer (a debugger, strace) sees the end before the parent may reap it. */
		if ((r = sleep_unless_over(when, how)) <= 0)
			break;
	children_lock();
	process->waiters--;
	process_drop_pidfd(process);
	children_unlock();
	return r > 0 ? 0 : r < 0 ? r : -ETIMEDOUT;
}

/* In another process than its creator: the descriptor is not there, but the pid and when it
 * started. */
static int signal_from_elsewhere(const brood_process *process, int signal)
{
	if (process->state == PROCESS_ENDED)
		return 0;
	int fd = pidref_open(
		(pidref){.pid = brood_process_pid(process), .started = process->started});
	if (fd < 0)
		return fd;
	int r = sys_pidfd_signal(fd, signal);
	sys_close(fd);
	return r;
}

/* Without a pidfd, or where a sandbox refuses to signal by it. Not reaped, the pid is its own. */
static int signal_by_pid(brood_process *process, int signal)
{
	children_poll(process);
	return process->state == PROCESS_STARTED ? sys_kill(process->pid, signal) : 0;
}

/* Under the lock, so that the process is not reaped, nor its descriptor closed, and its number used
 * anew, before the signal is sent. */
static int signal_child(brood_process *process, int signal)
{
	int r = 0;
	children_lock();
	if (signal > 0 && signal < _NSIG)
		process->signals_sent |= UINT64_C(1) << (signal - 1);
	if (process->state == PROCESS_STARTED && process->pidfd >= 0)
		r = sys_pidfd_signal(process->pidfd, signal);
	if (process->pidfd < 0 || (r < 0 && r != -ESRCH))
		r = signal_by_pid(process, signal);
	children_unlock();
	return r;
}

int end_signal(brood_process *process, int signal)
{
	int r = process_is_ours(process) ? signal_child(process, signal)
					 : signal_from_elsewhere(process, signal);
	return r == -ESRCH ? 0 : r;
}

/* What can be asked of a child only by the process that made it, once it has been started. */
static int check_child(brood_process *process, const char *verb)
{
	int r = process_usable(process);
	if (r < 0)
		return r;
	if (!process_is_ours(process))
		return error_set(EINVAL,
				 "can only %s a child process, and '%s' is not one of this "
				 "process's",
				 verb, brood_process_name(process));
	if (process->state < PROCESS_STARTED)
		return error_set(EINVAL,
				 "can only %s a started process: call brood_process_start() on "
				 "'%s' first",
				 verb, brood_process_name(process));
	return 0;
}

static int join_until(brood_process *process, deadline when)
{
	if (process && process->kind == PROCESS_PARENT)
		return parent_wait(process, when);
	int r = check_child(process, "join");
	if (r < 0)
		return r;
	process_ref(process);
	r = end_wait(process, when, END_INTERRUPTIBLE);
	if (r == -EINTR)
		interrupt_error(brood_process_name(process));
	else if (r == -ETIMEDOUT)
		error_set(ETIMEDOUT, "'%s' has not ended in time", brood_process_name(process));
	else if (r < 0)
		error_set(-r, "cannot wait for '%s': the system refuses ppoll(): %s",
			  brood_process_name(process), strerror(-r));
	else if (process->status_lost)
		error_set(ECHILD,
			  "'%s' has ended, but its status is lost: the program reaped it itself, "
			  "or ignores SIGCHLD",
			  brood_process_name(process));
	process_unref(process);
	return r;
}

int brood_process_join(brood_process *process)
{
	return join_until(process, DEADLINE_NEVER);
}

int brood_process_join_timed(brood_process *process, double seconds)
{
	deadline when;
	int r = deadline_in(seconds, &when);
	return r < 0 ? r : join_until(process, when);
}

int brood_process_join_nowait(brood_process *process)
{
	return join_until(process, 0);
}

bool brood_process_is_alive(brood_process *process)
{
	if (process == brood_current_process())
		return true;
	if (process && process->kind == PROCESS_PARENT)
		return !parent_ended(process);
	if (process_usable(process) < 0)
		return false;
	if (!process_is_ours(process)) {
		error_set(EINVAL,
			  "can only test a child process, and '%s' is not one of this process's",
			  brood_process_name(process));
		return false;
	}
	return poll_state(process) == PROCESS_STARTED;
}

int brood_process_exitcode(brood_process *process)
{
	if (process_usable(process) < 0)
		return BROOD_NO_EXITCODE;
	bool ours = process_is_ours(process);
	if (!ours && process->kind == PROCESS_CHILD && process != brood_current_process()) {
		error_set(EINVAL, "only the process that made '%s' is told its exit code",
			  brood_process_name(process));
		return BROOD_NO_EXITCODE;
	}
	errno = 0;
	bool known = ours && poll_state(process) == PROCESS_ENDED && !process->status_lost;
	return known ? process->exitcode : BROOD_NO_EXITCODE;
}

int end_check_signal(brood_process *process, const char *verb)
{
	int r = process_usable(process);
	if (r < 0)
		return r;
	/* Itself a process can signal before its parent has written down that it is started. */
	bool started = process->state >= PROCESS_STARTED || process == brood_current_process();
	if (process->kind != PROCESS_CHILD)
		return error_set(EINVAL, "cannot %s '%s': it is no process that was started here",
				 verb, brood_process_name(process));
	if (!started)
		return error_set(EINVAL,
				 "can only %s a started process: call brood_process_start() on "
				 "'%s' first",
				 verb, brood_process_name(process));
	return 0;
}

static int send_signal(brood_process *process, int signal, const char *verb)
{
	int r = end_check_signal(process, verb);
	if (r < 0)
		return r;
	r = end_signal(process, signal);
	if (r < 0)
		return error_set(-r, "cannot %s '%s': no signal %d can be sent to it", verb,
				 brood_process_name(process), signal);
	return 0;
}

int brood_process_terminate(brood_process *process)
{
	return send_signal(process, SIGTERM, "terminate");
}

int brood_process_kill(brood_process *process)
{
	return send_signal(process, SIGKILL, "kill");
}

int brood_process_interrupt(brood_process *process)
{
	return send_signal(process, SIGINT, "interrupt");
}

int brood_process_signal(brood_process *process, int signal)
{
	if (signal < 0 || signal >= _NSIG)
		return error_set(EINVAL, "there is no signal %d: the last is %d", signal,
				 _NSIG - 1);
	return send_signal(process, signal, "signal");
}

int brood_process_sentinel(brood_process *process)
{
	int r = process_usable(process);
	if (r < 0)
		return r;
	if (process->kind == PROCESS_PARENT)
		return parent_sentinel(process);
	if (!process_is_ours(process))
		return error_set(EINVAL, "only the process that made '%s' has its sentinel",
				 brood_process_name(process));
	if (process->state < PROCESS_STARTED)
		return error_set(EINVAL, "process not started: '%s' has no sentinel yet",
				 brood_process_name(process));
	if (process->pidfd < 0)
		return error_set(ENOSYS,
				 "'%s' has no sentinel: the kernel, or valgrind, refuses pidfds",
				 brood_process_name(process));
	return process->pidfd;
}

int brood_process_close(brood_process *process)
{
	if (!process)
		return error_absent("the process");
	if (process->kind != PROCESS_CHILD || process == brood_current_process() || process->closed)
		return 0;
	if (!process_is_ours(process))
		return error_set(EINVAL, "only the process that made '%s' can close it",
				 brood_process_name(process));
	enum process_state state = poll_state(process);
	if (state == PROCESS_STARTING || state == PROCESS_STARTED)
		return error_set(EBUSY,
				 "Cannot close a process while it is still running. You should "
				 "first call brood_process_join() or brood_process_terminate().");
	children_lock();
	process->closed = true;
	process_drop_pidfd(process);
	record_drop(process);
	children_unlock();
	return 0;
}
