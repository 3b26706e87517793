/* SPDX-License-Identifier: MIT */
/*
 * PR_SET_PDEATHSIG fires when the *thread* that made the child ends, and again for the thread that
 * then inherits it.
 *
 * A main thread ends with its process, as a rule: the death signal of its children is SIGKILL,
 * which nobody can block. The exception is pthread_exit(): a destructor keeps such a main thread
 * until the others have ended, and the process with them. (An exec by another thread ends the main
 * thread, and so these children; but the program that knew them is gone then.)
 *
 * Other threads come and go. The death signal of their children is one with a handler that looks
 * whether the parent, the process, is still there. A target that blocks it is not ended.
 */

#include "process/orphan.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/sigmask.h"
#include "base/sys.h"

/* SIGRTMAX, without asking the C library, which only an obsolete function of it could change. */
enum { LAST_SIGNAL = _NSIG - 1 };

NEWBORN_DATA static pid_t parent_pid;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t main_thread_key;
static bool has_key;

static void outlast_others(void *unused)
{
	(void)unused;
	while (sys_has_threads())
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static void make_key(void)
{
	has_key = pthread_key_create(&main_thread_key, outlast_others) == 0;
}

static bool keep_main_thread(void)
{
	pthread_once(&once, make_key);
	return has_key && pthread_setspecific(main_thread_key, &main_thread_key) == 0;
}

int orphan_signal(void)
{
	bool main_thread = sys_gettid() == (pid_t)raw_syscall(SYS_getpid, 0, 0, 0, 0);
	return main_thread && keep_main_thread() ? SIGKILL : LAST_SIGNAL;
}

NEWBORN static void end_if_orphaned(void)
{
	pid_t parent = (pid_t)raw_syscall(SYS_getppid, 0, 0, 0, 0);
	if (parent < 0 || parent == parent_pid) /* where a sandbox does not say, it may live */
		return;
	if (sys_kill(getpid(), SIGKILL) < 0)
		_exit(128 + SIGKILL);
}

static void on_death_signal(int signal)
{
	(void)signal;
	end_if_orphaned();
}

NEWBORN void orphan_die_with(pid_t parent, int signal)
{
	parent_pid = parent;
	if (signal != SIGKILL) {
		struct sigaction action = {.sa_handler = on_death_signal,
					   .sa_flags = SA_RESTART | SA_ONSTACK};
		sigaction(signal, &action, NULL);
		sigmask_change(SIG_UNBLOCK, orphan_signals());
	}
	raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, signal, 0, 0);
	/* It may have died before the kernel was told. */
	end_if_orphaned();
}

NEWBORN void orphan_live_on(int signal)
{
	const struct kernel_sigaction ignored = {.handler = (uintptr_t)SIG_IGN}, by_default = {0};
	raw_syscall(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0);
	/* One that is pending is dropped by this: the thread that made this process may have ended.
	 */
	if (signal != SIGKILL) {
		raw_syscall(SYS_rt_sigaction, signal, (long)&ignored, 0, sizeof(ignored.mask));
		raw_syscall(SYS_rt_sigaction, signal, (long)&by_default, 0, sizeof(ignored.mask));
	}
}

NEWBORN uint64_t orphan_signals(void)
{
	return UINT64_C(1) << (LAST_SIGNAL - 1);
}
