/* SPDX-License-Identifier: MIT */
/*
 * PR_SET_PDEATHSIG alone would be too eager: it fires when the *thread* that
 * started the child ends. So the signal is one with a handler that looks whether
 * the parent, the process, is still there; it fires again for the thread that
 * inherited the child.
 */

#include "process/orphan.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/sys.h"

static pid_t parent_pid;

static void end_if_orphaned(void)
{
	pid_t parent = getppid();
	if (parent == -1 || parent == parent_pid) /* where a sandbox does not say, it may live */
		return;
	if (sys_kill(getpid(), SIGKILL) < 0)
		_exit(128 + SIGKILL);
}

static void on_death_signal(int signal)
{
	(void)signal;
	end_if_orphaned();
}

void orphan_die_with(pid_t parent)
{
	parent_pid = parent;
	struct sigaction action = {.sa_handler = on_death_signal,
				   .sa_flags = SA_RESTART | SA_ONSTACK};
	sigaction(SIGRTMAX, &action, NULL);
	prctl(PR_SET_PDEATHSIG, SIGRTMAX);
	/* It may have died before the kernel was told. */
	end_if_orphaned();
}

void orphan_live_on(void)
{
	prctl(PR_SET_PDEATHSIG, 0);
	/* One that is pending is dropped by this: the thread that made this process may have ended.
	 */
	signal(SIGRTMAX, SIG_IGN);
	signal(SIGRTMAX, SIG_DFL);
}

uint64_t orphan_signals(void)
{
	return UINT64_C(1) << (SIGRTMAX - 1);
}
