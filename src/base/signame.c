/* SPDX-License-Identifier: MIT */

#include "base/signame.h"

#include <signal.h>
#include <stddef.h>

#define NAME(signal) [signal] = #signal

/* Every name that signal(7) gives for this kernel, of aliases the common one. */
static const char *const names[] = {
	NAME(SIGHUP),	 NAME(SIGINT),	NAME(SIGQUIT),	NAME(SIGILL),  NAME(SIGTRAP), NAME(SIGABRT),
	NAME(SIGBUS),	 NAME(SIGFPE),	NAME(SIGKILL),	NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2),
	NAME(SIGPIPE),	 NAME(SIGALRM), NAME(SIGTERM),	NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP),
	NAME(SIGTSTP),	 NAME(SIGTTIN), NAME(SIGTTOU),	NAME(SIGURG),  NAME(SIGXCPU), NAME(SIGXFSZ),
	NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGIO),   NAME(SIGPWR),  NAME(SIGSYS),
#ifdef SIGSTKFLT
	NAME(SIGSTKFLT),
#endif
};

const char *signame(int signal)
{
	if (signal == SIGRTMIN)
		return "SIGRTMIN";
	if (signal == SIGRTMAX)
		return "SIGRTMAX";
	if (signal < 0 || (size_t)signal >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[signal];
}
