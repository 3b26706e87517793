/* SPDX-License-Identifier: MIT */
/*
 * Children are reaped one by one, each through its own pidfd, so that children
 * which the program started by other means are never touched. A status that
 * somebody else took is still known when the kernel keeps it with the pidfd
 * (Linux 6.15), or when the child said in the process table what it would exit
 * with; only a signal is then lost.
 */

#include "process/children.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/newborn.h"
#include "base/sys.h"
#include "log/log.h"
#include "process/end.h"
#include "process/oom.h"
#include "process/report.h"

NEWBORN_DATA static struct {
	pthread_mutex_t lock;
	int cancel;		      /* of the thread that holds it, as it was */
	brood_process *_Atomic first; /* read without the lock to see that there are none */
	brood_process *ended;	      /* to be reported on at the next unlock */
} children = {.lock = PTHREAD_MUTEX_INITIALIZER};

void children_lock(void)
{
	int cancel = cancel_hold();
	pthread_mutex_lock(&children.lock);
	children.cancel = cancel;
}

/* Callbacks and the log are told without the lock, by the thread that noticed. */
void children_unlock(void)
{
	brood_process *ended = children.ended;
	int cancel = children.cancel;
	if (ended)
		children.ended = NULL;
	pthread_mutex_unlock(&children.lock);
	while (ended) {
		brood_process *next = ended->next_ended;
		report_tell(ended);
		process_unref(ended);
		ended = next;
	}
	cancel_restore(&cancel);
}

NEWBORN void children_forget(void)
{
	children.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	children.first = NULL;
	children.ended = NULL;
}

void children_add(brood_process *process)
{
	process->link = &children.first;
	process->next = children.first;
	if (process->next)
		process->next->link = &process->next;
	children.first = process_ref(process);
}

void children_remove(brood_process *process)
{
	*process->link = process->next;
	if (process->next)
		process->next->link = process->link;
	process_unref(process);
}

static int64_t microseconds(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

static void record_usage(brood_process *process, const struct rusage *usage)
{
	process->end.user = microseconds(usage->ru_utime);
	process->end.system = microseconds(usage->ru_stime);
	process->end.peak_memory = (int64_t)usage->ru_maxrss * 1024;
}

static int exitcode_of(int wait_status)
{
	return WIFSIGNALED(wait_status) ? -WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

/*
 * The kernel keeps the status a moment after it has let the child go: only in between, when SIGCHLD
 * is ignored, neither knows.
 */
static int kept_status(int pidfd, int *ret_status)
{
	int r = sys_pidfd_status(pidfd, ret_status);
	for (int i = 0; i < 100 && r < 0 && sys_keeps_status(); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
		r = sys_pidfd_status(pidfd, ret_status);
	}
	return r;
}

/* Somebody else has reaped the child: finds out what can still be known. */
static void record_stolen(brood_process *process)
{
	int status;
	process->end.user = process->end.system = process->end.peak_memory = -1;
	if (process->pidfd >= 0 && kept_status(process->pidfd, &status) == 0) {
		process->exitcode = exitcode_of(status);
		process->end.core_dumped = WCOREDUMP(status);
	}
	/* Pairs with the release in table_publish(). */
	else if (atomic_load_explicit(&process->slot->published, memory_order_acquire))
		process->exitcode = process->slot->exit_code;
	else
		process->status_lost = true;
}

/* Whether the kernel has killed it for want of memory: nobody else is known to have killed it, and
 * the count has risen. */
static bool memory_killed(const brood_process *process)
{
	if (process->status_lost || process->exitcode != -SIGKILL ||
	    process->signals_sent & UINT64_C(1) << (SIGKILL - 1))
		return false;
	return oom_killed();
}

void children_poll(brood_process *process)
{
	if (process->state != PROCESS_STARTED)
		return;
	siginfo_t info;
	struct rusage usage;
	int r = sys_reap_child(process->pid, process->pidfd, &info, &usage);
	if (r == -EBADF) { /* the program has closed it, and the number is its own now */
		process->pidfd = -1;
		r = sys_reap_child(process->pid, -1, &info, &usage);
	}
	int pidfd = process->pidfd;
	if (r == 1) {
		process->exitcode = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
		process->end.core_dumped = info.si_code == CLD_DUMPED;
		record_usage(process, &usage);
	} else if (pidfd >= 0 ? r < 0 && sys_pidfd_ended(pidfd) : r == -ECHILD)
		record_stolen(process); /* by somebody, or by a sandbox that refuses waitid(2) */
	else
		return;
	process->end.ended = clock_now();
	process->end.never_began = process->launch && !process->began;
	process_release_slot(process);
	process->state = PROCESS_ENDED;
	process->end.out_of_memory = memory_killed(process);
	if (report_is_wanted(process)) {
		process->next_ended = children.ended;
		children.ended = process_ref(process);
	}
	children_remove(process);
}

static brood_process *find(pid_t pid)
{
	brood_process *process = children.first;
	while (process && process->pid != pid)
		process = process->next;
	return process;
}

static void poll_all(void)
{
	for (brood_process *process = children.first, *next; process; process = next) {
		next = process->next;
		children_poll(process);
	}
}

/* Peeks, which takes nothing from anyone, at one child of this process that has ended. When it
 * is not ours it hides those behind it, and each of ours is asked. */
static void reap_locked(void)
{
	while (children.first) {
		siginfo_t info;
		int r = sys_wait_peek(&info);
		if (r == 0)
			return;
		brood_process *process = r > 0 ? find(info.si_pid) : NULL;
		if (!process) {
			poll_all();
			return;
		}
		children_poll(process);
	}
}

NEWBORN void children_reap(void)
{
	if (!children.first)
		return;
	children_lock();
	reap_locked();
	children_unlock();
}

int brood_active_children(brood_process **out, int max)
{
	int count = 0;
	children_lock();
	reap_locked();
	for (brood_process *process = children.first; process; process = process->next) {
		if (process->detached || process->state != PROCESS_STARTED)
			continue;
		if (out && count < max)
			out[count] = process_ref(process);
		count++;
	}
	children_unlock();
	return count;
}

/* A daemon that has not been told yet: borrowed, or NULL. Handlers of the log run without the lock,
 * so the list is searched afresh for each. */
static brood_process *next_daemon(void)
{
	children_lock();
	brood_process *process = children.first;
	while (process &&
	       (!process->daemon || process->told_to_end || process->state != PROCESS_STARTED))
		process = process->next;
	if (process) {
		process->told_to_end = true;
		process_ref(process);
	}
	children_unlock();
	return process;
}

NEWBORN void children_terminate_daemons(void)
{
	brood_process *process;
	children_reap();
	while (children.first && (process = next_daemon())) {
		log_info("calling terminate() for daemon %s", brood_process_name(process));
		end_signal(process, SIGTERM);
		/* A stopped process acts on SIGTERM only when it goes on. */
		end_signal(process, SIGCONT);
		process_unref(process);
	}
}

static brood_process *any_child(void)
{
	children_lock();
	brood_process *process = children.first;
	while (process && process->state != PROCESS_STARTED)
		process = process->next;
	if (process)
		process_ref(process);
	children_unlock();
	return process;
}

NEWBORN void children_join_all(void)
{
	brood_process *process;
	children_reap();
	/* One that has ended since is named all the same. */
	while (children.first && (process = any_child())) {
		log_info("calling join() for process %s", brood_process_name(process));
		end_wait(process, DEADLINE_NEVER, END_THROUGH);
		process_unref(process);
	}
}
