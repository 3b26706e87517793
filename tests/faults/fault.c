/* SPDX-License-Identifier: MIT */

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char variable[] = "BROOD_TEST_FAULTS";
static fault_state *state;
static bool spared;

static fault_state *map(int fd)
{
	void *at = mmap(NULL, sizeof(fault_state), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* The descriptor stays with the maker, where the others find it. */
static fault_state *make(void)
{
	char path[64];
	int fd = memfd_create("faults", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, sizeof(fault_state)) < 0)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), fd);
	setenv(variable, path, 1);
	return map(fd);
}

/* At the first call of any kind: those made on the way come back here, and go on unharmed. */
static fault_state *find(void)
{
	static bool tried;
	if (state || tried)
		return state;
	tried = true;
	const char *path = getenv(variable);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd >= 0) {
		state = map(fd);
		close(fd);
	}
	return state;
}

fault_state *fault_share(void)
{
	if (!find())
		state = make();
	return state;
}

void fault_arm(const fault_plan *plan)
{
	state->plan = *plan;
	state->pid = getpid();
	state->count = 0;
	state->fired = state->no_such_choice = false;
	state->victim = 0;
	state->call[0] = '\0';
	state->err = 0;
	state->armed = true;
}

void fault_disarm(void)
{
	state->armed = false;
}

void fault_resume(void)
{
	state->armed = true;
}

void fault_spare(void)
{
	spared = true;
}

static void end_here(enum fault_what what)
{
	sigset_t crash;
	state->victim = (pid_t)syscall(SYS_getpid);
	switch (what) {
	case FAULT_SEGV:
		sigemptyset(&crash);
		sigaddset(&crash, SIGSEGV);
		signal(SIGSEGV, SIG_DFL);
		sigprocmask(SIG_UNBLOCK, &crash, NULL);
		kill(state->victim, SIGSEGV);
		break;
	case FAULT_ABORT:
		abort();
	case FAULT_EXIT:
		_exit(FAULT_EXIT_STATUS);
	default:
		kill(state->victim, what == FAULT_STOP ? SIGSTOP : SIGKILL);
	}
}

static int choose(const char *call, const int *errors)
{
	unsigned i = 0;
	while (errors[i] && i < state->plan.choice)
		i++;
	/* An interrupted call is to be tried again: for ever is no fault, but a hang. */
	if (!errors[i] || (state->plan.what == FAULT_ON && errors[i] == EINTR)) {
		state->no_such_choice = true;
		return 0;
	}
	snprintf(state->call, sizeof(state->call), "%s", call);
	state->err = errors[i];
	state->fired = true;
	return errors[i];
}

int fault_next(const char *call, const int *errors)
{
	if (spared || !find() || !state->armed)
		return 0;
	/* Asked of the kernel: a process that shares its parent's memory is not its parent. */
	if ((syscall(SYS_getpid) == state->pid) != (state->plan.where == FAULT_HERE))
		return 0;
	if (state->fired)
		return state->plan.what == FAULT_ON && strcmp(call, state->call) == 0 ? state->err
										      : 0;
	if (++state->count != state->plan.at)
		return 0;
	if (state->plan.what < FAULT_KILL)
		return choose(call, errors);
	snprintf(state->call, sizeof(state->call), "%s", call);
	state->fired = true;
	end_here(state->plan.what);
	return 0;
}

void fault_note(const char *text)
{
	if (!find() || strstr(state->text, text))
		return;
	unsigned length = (unsigned)strlen(text) + 1;
	unsigned at = atomic_fetch_add(&state->text_used, length);
	if (at + length < sizeof(state->text)) {
		memcpy(state->text + at, text, length - 1);
		state->text[at + length - 1] = '\n';
	}
}
