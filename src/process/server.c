/* SPDX-License-Identifier: MIT */
/*
 * The server is the program run anew, up to brood_init(): small, with one thread, whatever its
 * parent is. Its children are its parent's (CLONE_PARENT), and ends when its parent closes the
 * channel or dies. It holds nothing of its parent's: its streams are empty, its directory is the
 * root.
 *
 * The clone is a raw one, as glibc's fork() cannot make a sibling. What glibc would do beside it:
 * the cached thread id, which the kernel writes to the place it clears at the end
 * (CLONE_CHILD_SETTID); the robust list, registered again. Functions of pthread_atfork() do
 * not run; a process with one thread needs them for nothing that others hold.
 */

#include "process/server.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "process/orphan.h"
#include "process/warm.h"

static struct {
	pid_t *thread_id; /* glibc's */
	void *robust_list;
	size_t robust_size;
} bookkeeping;

/* Why no children can be made, if so. */
static struct warm_offer refusal;

static void refuse(int error, const char *format, const char *argument)
{
	refusal.error = error;
	snprintf(refusal.why, sizeof(refusal.why), format, argument);
}

static void learn_bookkeeping(void)
{
	if (prctl(PR_GET_TID_ADDRESS, &bookkeeping.thread_id) < 0 ||
	    *bookkeeping.thread_id != sys_gettid() ||
	    syscall(SYS_get_robust_list, 0, &bookkeeping.robust_list, &bookkeeping.robust_size) < 0)
		refuse(ENOSYS, "clone beside glibc here%s: use the start method spawn", "");
}

static bool has_one_thread(void)
{
	struct stat tasks;
	return stat("/proc/self/task", &tasks) < 0 || tasks.st_nlink <= 3;
}

static void load(const char *module)
{
	if (!has_one_thread() || refusal.error)
		return;
	/* A module that is not there is an error where it is used. */
	if (dlopen(module, RTLD_NOW | RTLD_GLOBAL) && !has_one_thread())
		refuse(EINVAL,
		       "be cloned, since the module '%s' of brood_forkserver_preload() has started "
		       "threads: do not preload it",
		       module);
}

static void load_modules(const struct server_birth *birth)
{
	const char *module = birth->modules;
	for (; module < birth->modules + birth->modules_size; module += strlen(module) + 1)
		load(module);
}

/* Two returns, as fork(): in the child 0. */
__attribute__((no_sanitize("address", "undefined", "thread"), noinline)) static long
clone_sibling(int *ret_pidfd)
{
	const long flags = CLONE_PARENT | CLONE_PIDFD | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
	return raw_syscall5(SYS_clone, flags, 0, (long)ret_pidfd, (long)bookkeeping.thread_id, 0);
#else
	return raw_syscall5(SYS_clone, flags, 0, (long)ret_pidfd, 0, (long)bookkeeping.thread_id);
#endif
}

static void offer(struct server_birth *birth, const struct warm_offer *what, const int *fds, int n)
{
	if (message_send(birth->channel, what, sizeof(*what), fds, n) < 0)
		_exit(EXIT_FAILURE); /* the parent is gone, or has asked for more than it takes */
}

static void offer_error(struct server_birth *birth, int error)
{
	struct warm_offer none = refusal;
	none.error = error;
	offer(birth, &none, NULL, 0);
}

static void begin_child(struct server_birth *birth, int channel) BROOD_NORETURN;
static void begin_child(struct server_birth *birth, int channel)
{
	birth->newest = getpid();
	raw_syscall(SYS_set_robust_list, (long)bookkeeping.robust_list,
		    (long)bookkeeping.robust_size, 0, 0);
	close(birth->channel);
	warm_main(birth->parent, channel);
}

static void make_child(struct server_birth *birth)
{
	int ends[2];
	int r = message_pair(ends);
	if (r < 0) {
		offer_error(birth, -r);
		return;
	}
	int fds[2] = {ends[0], -1};
	long pid = clone_sibling(&fds[1]);
	if (pid == 0) {
		close(ends[0]);
		begin_child(birth, ends[1]);
	}
	close(ends[1]);
	if (pid < 0)
		offer_error(birth, (int)-pid);
	else
		offer(birth, &(struct warm_offer){.pid = (pid_t)pid}, fds, 2);
	close(ends[0]);
	if (pid > 0)
		close(fds[1]);
}

static void serve(struct server_birth *birth, server_request children)
{
	if (!refusal.error && !has_one_thread())
		refuse(EINVAL,
		       "be cloned, since the program has started threads before brood_init()%s",
		       "");
	for (server_request i = 0; i < children; i++)
		if (refusal.error)
			offer(birth, &refusal, NULL, 0);
		else
			make_child(birth);
}

/* What the terminal sends to all of the family is for the processes that do its work. */
static void ignore_terminal(void)
{
	for (int i = 0; i < warm_ignored_count; i++)
		signal(warm_ignored[i], SIG_IGN);
}

static void let_go_of_parent(void)
{
	bool empty = sys_null() >= 0 && sys_make_empty(STDOUT_FILENO) == 0 &&
		     sys_make_empty(STDERR_FILENO) == 0;
	if (!empty || chdir("/") < 0)
		refuse(ENOENT, "let go of the program's streams: there is no /dev/null%s", "");
}

void server_main(struct server_birth *birth)
{
	server_request children;
	int none;
	sys_set_comm("brood-server");
	orphan_die_with(birth->parent);
	ignore_terminal();
	load_modules(birth); /* before the directory changes: a path may be relative */
	let_go_of_parent();
	learn_bookkeeping();
	while (message_receive(birth->channel, &children, sizeof(children), NULL, &none, 0) == 1)
		serve(birth, children);
	_exit(EXIT_SUCCESS);
}
