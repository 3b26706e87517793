/* SPDX-License-Identifier: MIT */
/*
 * The clone shares its parent's memory until the exec (as vfork does), so its cost does not depend
 * on how much that is, and it works from any thread.
 */

#include "process/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/procfs.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "heap/join.h"
#include "process/lineage.h"
#include "process/method.h"
#include "process/program.h"
#include "process/stdio.h"

enum { KEPT = 3 };

/* What the clone works with; it shares the memory, and answers there. */
struct order {
	int program;	/* O_PATH */
	int kept[KEPT]; /* descriptors; negative ones are none */
	int null;
	char *const *argv;
	char *const *envp;
	const int *ignored;
	int ignored_count;
	uint64_t mask; /* the kernel's sigset_t */
	int err;       /* of the step that failed */
	bool closed;   /* what is not kept; false: that was the step */
};

/* An exec puts handlers back to default by itself, and leaves ignored signals ignored. But for one:
 * whoever ignores the ends of his children loses how they ended. */
static void set_dispositions(const struct order *order)
{
	const struct kernel_sigaction by_default = {0};
	raw_syscall(SYS_rt_sigaction, SIGCHLD, (long)&by_default, 0, sizeof(by_default.mask));
	const struct kernel_sigaction ignored = {.handler = (uintptr_t)SIG_IGN};
	for (int i = 0; i < order->ignored_count; i++)
		raw_syscall(SYS_rt_sigaction, order->ignored[i], (long)&ignored, 0,
			    sizeof(ignored.mask));
}

static bool close_at_exec(int fd, void *unused)
{
	(void)unused;
	if (fd > STDERR_FILENO)
		raw_syscall(SYS_fcntl, fd, F_SETFD, FD_CLOEXEC, 0);
	return true;
}

/* One by one before Linux 5.11, or where a sandbox refuses the call. */
static int close_others(void)
{
	if (raw_syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0) == 0)
		return 0;
	return proc_each_number("/proc/self/fd", close_at_exec, NULL);
}

static void keep_open(const struct order *order)
{
	for (int i = 0; i < KEPT; i++)
		if (order->kept[i] >= 0 && order->kept[i] != order->program)
			raw_syscall(SYS_fcntl, order->kept[i], F_SETFD, 0, 0);
}

/* Returns only when that failed: a frame that a sanitizer marks in the shared memory would stay so.
 */
__attribute__((no_sanitize("address", "undefined", "thread"))) static long
execute(const struct order *order)
{
	keep_open(order);
	raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&order->mask, 0, sizeof(order->mask));
	long r = raw_execveat(order->program, "", order->argv, order->envp, AT_EMPTY_PATH);
	/* The program has closed the descriptor, or a sandbox refuses the call. */
	if (r == -EBADF || r == -ENOENT || r == -ENOSYS || r == -EPERM)
		r = raw_syscall(SYS_execve, (long)"/proc/self/exe", (long)order->argv,
				(long)order->envp, 0);
	return r;
}

/*
 * The clone's function. Only system calls, made in place: errno, and everything else
 * that it would write, is its parent's.
 */
__attribute__((no_sanitize("address", "undefined", "thread"))) static int run_program(void *arg)
{
	struct order *order = arg;
	set_dispositions(order);
	raw_syscall(SYS_dup3, order->null, STDIN_FILENO, 0, 0);
	long r = close_others();
	order->closed = r == 0;
	if (order->closed)
		r = execute(order);
	order->err = (int)-r;
	raw_syscall(SYS_exit_group, 127, 0, 0, 0);
	return 127;
}

/* The environment with these words, of which one says which lineages the process is of; the array
 * is the caller's to free. */
static char **environment_with(char *word, char *lineages)
{
	size_t count = 0;
	while (environ && environ[count])
		count++;
	char **with = malloc((count + 3) * sizeof(*with));
	if (!with)
		return error_null(ENOMEM, "no memory for the environment of a new process");
	char **end = with;
	for (size_t i = 0; i < count; i++)
		if (!lineage_is_word(environ[i]))
			*end++ = environ[i];
	*end++ = word;
	*end++ = lineages;
	*end = NULL;
	return with;
}

static int refused(const char *name, const struct order *order)
{
	if (!order->closed)
		return error_set(order->err,
				 "cannot start '%s': it would inherit all descriptors, since the "
				 "system refuses close_range(), and /proc/self/fd cannot be read: "
				 "%s; the start method fork does without",
				 name, strerror(order->err));
	return error_set(order->err, "cannot start '%s': running the program anew failed: %s%s",
			 name, strerror(order->err),
			 order->program < 0 ? "; its file is found by /proc/self/exe: is there no "
					      "/proc? The start method fork does without"
					    : "");
}

static int run(const char *name, struct order *order, bool keep_mask, pid_t *ret_pid)
{
	_Alignas(16) char stack[16384];
	stdio_flush_standard();
	SIGMASK_BLOCK_ALL(mask);
	if (keep_mask)
		order->mask = mask.before;
	int fd = sys_vfork(run_program, order, stack + sizeof(stack), ret_pid);
	if (fd < 0)
		return method_refused(name, -fd);
	if (!order->err)
		return fd;
	siginfo_t info;
	sys_wait_child(*ret_pid, fd, WEXITED | __WALL, &info);
	close(fd);
	return refused(name, order);
}

int execute_program(const struct execution *what, pid_t *ret_pid)
{
	char word[JOIN_WORD_SIZE];
	char lineages[LINEAGE_WORD_SIZE];
	join_word(word, what->place, what->message);
	lineage_word(lineages, lineage_of(what->place));
	int heap = join_descriptor();
	if (heap < 0)
		return heap;
	char **envp = environment_with(word, lineages);
	if (!envp)
		return -errno;
	int program = program_descriptor();
	struct order order = {
		.program = program,
		.kept = {program, heap, what->kept},
		.null = sys_null(),
		.argv = program_arguments(),
		.envp = envp,
		.ignored = what->ignored,
		.ignored_count = what->ignored_count,
	};
	int fd = run(what->name, &order, what->keep_mask, ret_pid);
	free(envp);
	return fd;
}
