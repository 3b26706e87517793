/* SPDX-License-Identifier: MIT */
/*
 * The start method forkserver. A start takes a warm child (nursery.h), sends it the order (where
 * its launch is; directory and streams, which therefore no warm child holds before) and, while it
 * wakes up, looks whether the surroundings are those in which the server was made. If so the child
 * may go. If not, the server and all its children are as wrong as this one: they end, and new ones
 * are made, which inherit what is so now. That is the whole of what refreshing means here: nothing
 * is sent that a process could be refused to apply.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/message.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "process/cell.h"
#include "process/environment.h"
#include "process/given.h"
#include "process/launch.h"
#include "process/method.h"
#include "process/nursery.h"
#include "process/program.h"
#include "process/server.h"
#include "process/stdio.h"

enum { ATTEMPTS = 100, LOOK_EVERY_MS = 10 };

/* Not left out when it fails: the child would begin in the server's directory, the root. */
static int open_folder(const char *name)
{
	int fd = sys_open_path(".");
	if (fd == -EMFILE || fd == -ENFILE)
		return method_refused(name, -fd);
	if (fd < 0)
		return error_set(-fd,
				 "cannot start '%s': the fork server cannot pass on the working "
				 "directory: %s; chdir() to one that this user may enter, or use "
				 "the start method fork or spawn",
				 name, strerror(-fd));
	return fd;
}

static int send_order(const struct warm *child, struct launch *launch, int folder, int given)
{
	struct warm_order order = {0};
	int fds[MESSAGE_MAX_FDS] = {folder}, n = 1;
	for (int i = 0; i < 2; i++) {
		order.open[i] = fcntl(STDOUT_FILENO + i, F_GETFD) >= 0;
		if (order.open[i])
			fds[n++] = STDOUT_FILENO + i;
	}
	order.given = given >= 0;
	if (order.given)
		fds[n++] = given;
	int r = message_send(nursery_channel(), &order, sizeof(order), fds, n);
	if (r < 0)
		return r;
	child->cell->launch = launch;
	atomic_store(&child->cell->state, CELL_ORDERED);
	sys_futex_wake(&child->cell->state, 1);
	return 0;
}

/* False for one that has been killed or stopped, and has not begun. The wary look at once: where
 * one was lost others may be. */
static bool wait_until_ready(const struct warm *child, struct launch *launch, bool wary)
{
	const struct timespec a_while = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
	for (; !launch->ready; wary = sys_futex_wait(&launch->ready, 0, &a_while) == -ETIMEDOUT)
		if (wary && cell_child_lost(child->pid, child->pidfd))
			return launch->ready;
	return true;
}

static void tell(struct launch *launch, enum warm_word word)
{
	atomic_store(&launch->word, word);
	sys_futex_wake(&launch->word, 1);
}

static int hand_over(brood_process *process, struct warm *child, int given, bool wary,
		     int *ret_pidfd)
{
	struct launch *launch = process->launch;
	int folder = open_folder(brood_process_name(process));
	int sent = folder < 0 ? folder : send_order(child, launch, folder, given);
	sys_close(folder);
	if (sent < 0) {
		nursery_drop(child);
		return folder < 0 ? folder : NURSERY_RETRY;
	}
	bool current = nursery_is_current(&launch->umask);
	tell(launch, current ? WARM_GO : WARM_QUIT);
	if (!current || !wait_until_ready(child, launch, wary)) {
		nursery_drop(child);
		if (!current)
			nursery_close();
		return NURSERY_RETRY;
	}
	process->began = true;
	table_entered(process->slot, child->pid);
	process_set_pid(process, child->pid);
	*ret_pidfd = child->pidfd;
	return 0;
}

static struct launch *make_launch(const brood_process *process, const sigmask *mask)
{
	size_t size = nursery_changed_environment();
	struct launch *launch = launch_new(process, size);
	if (!launch)
		return NULL;
	launch->place = table_place_of(process->slot);
	launch->mask = mask->before;
	if (launch->death_signal)
		launch->death_signal = nursery_death_signal();
	if (size)
		environment_copy((char *)(uintptr_t)launch->environment);
	return launch;
}

static int attempt(brood_process *process, const sigmask *mask, int given, bool wary,
		   int *ret_pidfd)
{
	struct warm child;
	int r = nursery_open();
	if (r == 0)
		r = nursery_take(brood_process_name(process), mask, &child);
	if (r != 0)
		return r;
	process->launch = make_launch(process, mask);
	if (!process->launch) {
		nursery_drop(&child);
		return -errno;
	}
	r = hand_over(process, &child, given, wary, ret_pidfd);
	if (r != 0)
		launch_free(process);
	return r;
}

/* A handler may end the program, which ends the nursery. */
static void let_signals_in(const sigmask *mask)
{
	nursery_unlock();
	sigmask_let_in(mask);
	nursery_lock();
}

static int start_by_forkserver(brood_process *process, int *ret_pidfd)
{
	int given;
	int packed = given_pack(process->given, &given);
	if (packed < 0)
		return packed;
	stdio_flush_standard();
	SIGMASK_BLOCK_ALL(mask); /* a handler that ends the program would wait for the lock */
	nursery_lock();
	int r = NURSERY_RETRY;
	for (int i = 0; i < ATTEMPTS && r > 0; i += r == NURSERY_RETRY)
		if ((r = attempt(process, &mask, given, i > 0, ret_pidfd)) == NURSERY_SIGNAL)
			let_signals_in(&mask);
	if (r == 0)
		nursery_refill();
	nursery_unlock();
	sys_close(given);
	if (r == NURSERY_RETRY)
		return error_set(EAGAIN,
				 "cannot start '%s': its process was killed or stopped %d times "
				 "before it began; does something kill new processes?",
				 brood_process_name(process), ATTEMPTS);
	return r;
}

static int check_forkserver(const brood_process *process)
{
	int r = program_check(process->method->name);
	return r < 0 ? r : launch_check(process);
}

const start_method method_forkserver = {"forkserver", "ForkServerProcess", check_forkserver,
					start_by_forkserver};

int brood_forkserver_start(void)
{
	int r = program_check(method_forkserver.name);
	if (r < 0)
		return r;
	SIGMASK_BLOCK_ALL(mask);
	nursery_lock();
	r = nursery_open();
	if (r == 0)
		nursery_refill();
	nursery_unlock();
	return r;
}

void brood_forkserver_stop(void)
{
	SIGMASK_BLOCK_ALL(mask);
	nursery_end();
}

int brood_forkserver_set_warm(int count)
{
	if (count < 0 || count > NURSERY_WARM_MOST)
		return error_set(EINVAL, "%d warm children: the fork server keeps 0 to %d", count,
				 NURSERY_WARM_MOST);
	SIGMASK_BLOCK_ALL(mask);
	nursery_lock();
	nursery_set_warm(count);
	nursery_unlock();
	return 0;
}

int brood_forkserver_preload(const char *const *modules)
{
	SIGMASK_BLOCK_ALL(mask);
	nursery_lock();
	int r = nursery_set_modules(modules);
	nursery_unlock();
	return r;
}
