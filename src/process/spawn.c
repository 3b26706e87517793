/* SPDX-License-Identifier: MIT */
/*
 * The start method spawn: the program is run anew. The clone shares its parent's memory
 * until the exec (as vfork does), so its cost does not depend on how much that is,
 * and it works from any thread. The new process finds its family as heap/join.h says,
 * and brood_init() in its main() runs the target.
 *
 * Nothing is inherited but: the standard streams (input empty), the heap's descriptor,
 * environment, directory, and what else exec keeps (umask, limits, priority).
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "heap/join.h"
#include "process/launch.h"
#include "process/method.h"
#include "process/program.h"
#include "process/stdio.h"

/* What the clone works with; it shares the memory, and answers there. */
struct order {
	int program; /* O_PATH */
	int heap;
	int null;
	char *const *argv;
	char *const *envp;
	int err; /* of the step that failed */
};

/* An exec puts handlers back to default by itself, but leaves ignored signals ignored. */
static void default_ignored_signals(void)
{
	const struct kernel_sigaction by_default = {0};
	for (long signal = 1; signal < _NSIG; signal++) {
		struct kernel_sigaction now = {0};
		long r = raw_syscall(SYS_rt_sigaction, signal, 0, (long)&now, sizeof(now.mask));
		if (r == 0 && now.handler == (uintptr_t)SIG_IGN)
			raw_syscall(SYS_rt_sigaction, signal, (long)&by_default, 0,
				    sizeof(now.mask));
	}
}

/* Before Linux 5.11 the range can only be closed, so it is, around what is still needed. */
static void close_others(const struct order *order)
{
	const int low = order->heap < order->program ? order->heap : order->program;
	const int high = order->heap < order->program ? order->program : order->heap;
	if (raw_syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC, 0) != 0) {
		raw_syscall(SYS_close_range, 3, low - 1, 0, 0);
		raw_syscall(SYS_close_range, low + 1, high - 1, 0, 0);
		raw_syscall(SYS_close_range, high + 1, ~0U, 0, 0);
	}
	raw_syscall(SYS_fcntl, order->heap, F_SETFD, 0, 0);
}

/*
 * The clone's only function. Only system calls, made in place: errno, and everything else
 * that it would write, is its parent's.
 */
__attribute__((no_sanitize("address", "undefined", "thread"))) static int run_program(void *arg)
{
	struct order *order = arg;
	const uint64_t no_signals = 0;
	default_ignored_signals();
	raw_syscall(SYS_dup3, order->null, STDIN_FILENO, 0, 0);
	close_others(order);
	raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (long)&no_signals, 0, sizeof(no_signals));
	long r = raw_execveat(order->program, "", order->argv, order->envp, AT_EMPTY_PATH);
	if (r == -EBADF || r == -ENOENT ||
	    r == -ENOSYS) /* the program has closed all descriptors */
		r = raw_syscall(SYS_execve, (long)"/proc/self/exe", (long)order->argv,
				(long)order->envp, 0);
	order->err = (int)-r;
	raw_syscall(SYS_exit_group, 127, 0, 0, 0);
	return 127;
}

/* The environment with one word more; the array is the caller's to free. */
static char **environment_with(char *word)
{
	size_t count = 0;
	while (environ && environ[count])
		count++;
	char **with = malloc((count + 2) * sizeof(*with));
	if (!with)
		return error_null(ENOMEM, "no memory for the environment of a new process");
	if (count)
		memcpy(with, environ, count * sizeof(*with));
	with[count] = word;
	with[count + 1] = NULL;
	return with;
}

static int run(brood_process *process, struct order *order, int *ret_pidfd)
{
	_Alignas(16) char stack[16384];
	pid_t pid;
	stdio_flush_standard();
	SIGMASK_BLOCK_ALL(mask);
	int fd = sys_vfork(run_program, order, stack + sizeof(stack), &pid);
	if (fd < 0)
		return method_refused(process, -fd);
	if (order->err) {
		siginfo_t info;
		sys_wait_child(pid, fd, WEXITED | __WALL, &info);
		close(fd);
		return error_set(order->err,
				 "cannot start '%s': running the program anew failed: %s",
				 brood_process_name(process), strerror(order->err));
	}
	table_entered(process->slot, pid);
	process_set_pid(process, pid);
	*ret_pidfd = fd;
	return 0;
}

static int start_by_spawn(brood_process *process, int *ret_pidfd)
{
	char word[JOIN_WORD_SIZE];
	process->launch = launch_new(process);
	if (!process->launch)
		return -errno;
	join_word(word, table_place_of(process->slot), process->launch);
	char **envp = environment_with(word);
	struct order order = {
		.program = program_descriptor(),
		.heap = join_descriptor(),
		.null = sys_null(),
		.argv = program_arguments(),
		.envp = envp,
	};
	int r = envp ? run(process, &order, ret_pidfd) : -errno;
	free(envp);
	if (r < 0) {
		heap_free_owned(process->launch, table_owner(process->slot));
		process->launch = NULL;
	}
	return r;
}

static int check_spawn(const brood_process *process)
{
	int r = program_check(process->method->name);
	return r < 0 ? r : launch_check(process);
}

const start_method method_spawn = {"spawn", "SpawnProcess", check_spawn, start_by_spawn};
