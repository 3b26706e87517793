/* SPDX-License-Identifier: MIT */
/*
 * The server is the program run anew, up to brood_init(): small, with one thread, whatever its
 * parent is. Its children are its parent's (CLONE_PARENT). It ends when it is told to, and when its
 * parent dies. It holds nothing of its parent's: its streams are empty, its directory is the root.
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
#include <unistd.h>

#include "base/newborn.h"
#include "base/raw.h"
#include "base/sys.h"
#include "process/orphan.h"

static struct {
	pid_t *thread_id; /* glibc's */
	void *robust_list;
	size_t robust_size;
} bookkeeping;

/* Why no children can be made, if so. */
static struct {
	int error;
	char why[SERVER_WHY];
} refusal;

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

static void load(const char *module)
{
	if (sys_has_threads() || refusal.error)
		return;
	/* A module that is not there is an error where it is used. */
	if (dlopen(module, RTLD_NOW | RTLD_GLOBAL) && sys_has_threads())
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
NEWBORN __attribute__((no_sanitize("address", "undefined", "thread"), noinline)) static long
clone_sibling(pid_t *ret_pid)
{
	const long flags =
		CLONE_PARENT | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
#if defined(__x86_64__)
	return raw_syscall5(SYS_clone, flags, 0, (long)ret_pid, (long)bookkeeping.thread_id, 0);
#else
	return raw_syscall5(SYS_clone, flags, 0, (long)ret_pid, 0, (long)bookkeeping.thread_id);
#endif
}

static void tell_error(struct server_birth *birth, int error, const char *why)
{
	strcpy(birth->why, why);
	atomic_store(&birth->error, error);
	atomic_fetch_add(&birth->news, 1);
	sys_futex_wake(&birth->news, 1);
}

NEWBORN static struct warm_cell *empty_cell(struct server_birth *birth)
{
	for (int i = 0; i < SERVER_CELLS; i++)
		if (birth->cells[i].state == CELL_EMPTY)
			return &birth->cells[i];
	return NULL; /* all are waiting already */
}

/* Returns 0, or a negative errno. */
NEWBORN static int make_child(struct server_birth *birth)
{
	struct warm_cell *cell = empty_cell(birth);
	if (!cell)
		return 0;
	cell->pid = 0;
	cell->started = 0;
	cell->launch = NULL;
	cell->state = CELL_MAKING;
	long pid = clone_sibling(&cell->pid);
	if (pid == 0) {
		raw_syscall(SYS_set_robust_list, (long)bookkeeping.robust_list,
			    (long)bookkeeping.robust_size, 0, 0);
		warm_main(birth, cell);
	}
	if (pid < 0)
		cell->state = CELL_EMPTY;
	return pid < 0 ? (int)pid : 0;
}

NEWBORN static void serve(struct server_birth *birth, uint32_t children)
{
	if (!refusal.error && sys_has_threads())
		refuse(EINVAL,
		       "be cloned, since the program has started threads before brood_init()%s",
		       "");
	if (refusal.error) {
		tell_error(birth, refusal.error, refusal.why);
		return;
	}
	int r = 0;
	for (uint32_t i = 0; i < children && r == 0 && !birth->closing; i++)
		r = make_child(birth);
	if (r < 0)
		tell_error(birth, -r, "");
}

static void let_go_of_parent(void)
{
	bool empty = sys_null() >= 0 && sys_make_empty(STDOUT_FILENO) == 0 &&
		     sys_make_empty(STDERR_FILENO) == 0;
	if (!empty || chdir("/") < 0)
		refuse(ENOENT, "let go of the program's streams: there is no /dev/null%s", "");
}

NEWBORN void server_wait(const _Atomic uint32_t *word, uint32_t value, pid_t parent)
{
	const struct timespec a_while = {.tv_sec = 2};
	sys_futex_wait(word, value, &a_while);
	if (*word == value && raw_syscall(SYS_getppid, 0, 0, 0, 0) != parent)
		_exit(EXIT_SUCCESS);
}

NEWBORN void server_main(struct server_birth *birth)
{
	uint32_t served = 0;
	sys_set_comm("brood-server");
	orphan_die_with(birth->parent, birth->death_signal);
	load_modules(birth); /* before the directory changes: a path may be relative */
	if (!sys_is_file(birth->channel, birth->channel_file))
		refuse(EBADF,
		       "receive orders, since the program has closed its descriptors before "
		       "brood_init()%s: let it close only those that it has opened",
		       "");
	let_go_of_parent();
	learn_bookkeeping();
	warm_prepare();
	while (!birth->closing) {
		uint32_t wanted = birth->wanted;
		if (wanted != served)
			serve(birth, wanted - served);
		else
			server_wait(&birth->wanted, wanted, birth->parent);
		served = wanted;
	}
	_exit(EXIT_SUCCESS);
}
