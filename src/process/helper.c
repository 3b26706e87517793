/* SPDX-License-Identifier: MIT */
/*
 * Debug information is a program's to produce and anybody's to corrupt, and the code that
 * reads it is not ours; it is read where it can neither crash, hang nor fill this process.
 *
 * The limit of memory is one of data (RLIMIT_DATA): that of address space counts the
 * reserve of the heap.
 */

#include "process/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/sys.h"

enum { SECONDS = 10, OUTPUT_MAX = 1 << 20 };
static const rlim_t more_memory = 512 << 20;

static void limit(__rlimit_resource_t resource, rlim_t most)
{
	struct rlimit now;
	if (getrlimit(resource, &now) < 0 || now.rlim_max < most)
		return;
	setrlimit(resource, &(struct rlimit){most, most});
}

/* The data that this process has, from the sixth number of statm, in pages. */
static void limit_memory(void)
{
	char text[128];
	if (sys_read_file("/proc/self/statm", text, sizeof(text)) < 0)
		return;
	const char *field = text;
	for (int i = 1; field && i < 6; i++)
		field = strchr(field + 1, ' ');
	if (field)
		limit(RLIMIT_DATA,
		      strtoull(field, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + more_memory);
}

static void work_and_end(void (*work)(const void *, FILE *), const void *arg, int fd)
	__attribute__((noreturn));
static void work_and_end(void (*work)(const void *, FILE *), const void *arg, int fd)
{
	/* Others would wait for the end of what they read until this process closes it, too. */
	if (dup2(fd, STDIN_FILENO) == STDIN_FILENO)
		raw_syscall(SYS_close_range, 1, ~0U, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, SECONDS);
	limit_memory();
	unsetenv("DEBUGINFOD_URLS"); /* for libdw_begin() */
	FILE *out = fdopen(STDIN_FILENO, "w");
	if (out) {
		work(arg, out);
		fflush(out);
	}
	_exit(0);
}

/* Reads to the end, or the deadline; the text is the caller's. */
static char *read_until(int fd, deadline when)
{
	char *text = malloc(OUTPUT_MAX);
	size_t length = 0;
	struct timespec left;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	while (text && length < OUTPUT_MAX - 1) {
		int r = ppoll(&ready, 1, deadline_left(when, &left), NULL);
		if (r == 0 || (r < 0 && errno != EINTR))
			break;
		ssize_t got = r < 0 ? -1 : read(fd, text + length, OUTPUT_MAX - 1 - length);
		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		length += got > 0 ? (size_t)got : 0;
	}
	if (length == 0) {
		free(text);
		return NULL;
	}
	text[length] = '\0';
	char *exact = realloc(text, length + 1);
	return exact ? exact : text;
}

/* It is unreaped, so the pid is its own. */
static void end(pid_t pid)
{
	siginfo_t info;
	sys_kill(pid, SIGKILL);
	sys_wait_child(pid, -1, WEXITED | __WALL, &info);
}

char *helper_run(void (*work)(const void *arg, FILE *out), const void *arg)
{
	CANCEL_HOLD(held);
	int ends[2];
	deadline when;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return NULL;
	pid_t pid;
	{
		/* All stay blocked in the helper: a signal for the group is not for it. */
		SIGMASK_BLOCK_ALL(mask);
		pid = sys_fork_helper();
		if (pid == 0)
			work_and_end(work, arg, ends[1]);
	}
	close(ends[1]);
	char *text = NULL;
	if (pid > 0 && deadline_in(SECONDS, &when) == 0)
		text = read_until(ends[0], when);
	close(ends[0]);
	if (pid > 0)
		end(pid);
	return text;
}
