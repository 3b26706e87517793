/* SPDX-License-Identifier: MIT */
/*
 * The server is the program run anew (execute.h), made when it is first needed: however large this
 * process is by then and whatever threads it has, the server is as small as a new program.
 *
 * What it shares with the server and the warm children is described in server.h. All wait for
 * each other by futexes there, this process looking now and then whether who it waits for is dead
 * or stopped; children that have been killed or stopped meanwhile are found out when they do not
 * get ready. A pidfd is opened when a child is taken; until then it is known by a pid that is not
 * reaped.
 *
 * The surroundings (surroundings.h) and the environment in which the server was made are
 * remembered.
 */

#include "process/nursery.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/message.h"
#include "base/sys.h"
#include "process/cell.h"
#include "process/environment.h"
#include "process/execute.h"
#include "process/method.h"
#include "process/orphan.h"
#include "process/self.h"
#include "process/server.h"
#include "process/surroundings.h"

enum {
	BURST_MOST = 16,
	LOOK_EVERY_MS = 10, /* whether somebody who is waited for has stopped */
	END_SECONDS = 1,    /* for the server to end by itself */
};

_Atomic bool nursery_used;

static const int64_t burst_gap =
	20 * 1000 * 1000; /* nanoseconds between starts that are no burst */

static struct {
	pthread_mutex_t lock;
	bool running;
	bool fresh; /* made, and no child taken yet */
	pid_t pid;
	int pidfd;
	int channel[2]; /* ours, and the children's: to take back what nobody received */
	sys_file channel_file;
	process_slot *slot;
	struct server_birth *birth;
	int expected; /* children asked for, and not yet taken */
	int ahead;    /* how many to have expected: grows in bursts */
	int64_t last_start;

	int warm;
	char *modules; /* names, one behind the other */
	size_t modules_size;

	environment environment; /* in which the server was made */
	viewpoint viewpoint;
	bool known;	      /* the following */
	surroundings *around; /* apart, to keep what every process writes on one page */
} nursery = {.lock = PTHREAD_MUTEX_INITIALIZER, .warm = NURSERY_WARM_DEFAULT};

void nursery_lock(void)
{
	nursery_used = true;
	pthread_mutex_lock(&nursery.lock);
}

void nursery_unlock(void)
{
	pthread_mutex_unlock(&nursery.lock);
}

int nursery_channel(void)
{
	return nursery.channel[0];
}

int nursery_death_signal(void)
{
	return nursery.birth->death_signal;
}

static void take_back_orders(void)
{
	struct warm_order order;
	int fds[MESSAGE_MAX_FDS], n;
	while (message_receive(nursery.channel[1], &order, sizeof(order), fds, &n, MSG_DONTWAIT) ==
	       1)
		for (int i = 0; i < n; i++)
			close(fds[i]);
}

void nursery_drop(struct warm *child)
{
	if (cell_change(child->cell, CELL_ALERT, CELL_QUIT))
		sys_futex_wake(&child->cell->state, 1);
	cell_end_child(child->pid, child->pidfd);
	take_back_orders();
	/* Unless the child has, and the server has used it again. */
	if (!cell_change(child->cell, CELL_QUIT, CELL_EMPTY))
		cell_change(child->cell, CELL_ORDERED, CELL_EMPTY);
}

static void end_server(void)
{
	const struct timespec time = {.tv_sec = END_SECONDS};
	nursery.birth->closing = true;
	atomic_fetch_add(&nursery.birth->wanted, 1);
	sys_futex_wake(&nursery.birth->wanted, 1);
	if (nursery.pidfd >= 0 && !cell_child_stopped(nursery.pid, nursery.pidfd))
		sys_pidfd_wait(nursery.pidfd, &time);
	cell_end_child(nursery.pid, nursery.pidfd);
}

static void close_descriptors(void)
{
	sys_close(nursery.channel[0]);
	sys_close(nursery.channel[1]);
	viewpoint_close(&nursery.viewpoint);
}

/* A program that closes all descriptors has closed these, too: the numbers are its own then. */
static void lose_descriptors(void)
{
	nursery.channel[0] = nursery.channel[1] = nursery.pidfd = -1;
	nursery.viewpoint = VIEWPOINT_NONE;
}

static bool descriptors_are_ours(void)
{
	return sys_is_file(nursery.channel[0], nursery.channel_file);
}

void nursery_close(void)
{
	if (!nursery.running)
		return;
	if (!descriptors_are_ours())
		lose_descriptors();
	end_server();
	for (int i = 0; i < SERVER_CELLS; i++)
		cell_clear(&nursery.birth->cells[i]);
	close_descriptors();
	table_release(nursery.slot); /* with the birth */
	nursery.running = false;
}

void nursery_end(void)
{
	nursery_lock();
	nursery_close();
	nursery_unlock();
}

void nursery_forget(void)
{
	nursery.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (nursery.running && descriptors_are_ours()) {
		close_descriptors();
		close(nursery.pidfd);
	}
	nursery.running = false;
}

size_t nursery_changed_environment(void)
{
	return environment_changed(&nursery.environment);
}

static uint64_t ignored_here(void)
{
	uint64_t ignored = 0;
	for (int i = 0; i < WARM_IGNORED; i++) {
		struct sigaction now;
		if (sigaction(warm_ignored[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN)
			ignored |= UINT64_C(1) << (warm_ignored[i] - 1);
	}
	return ignored;
}

static struct server_birth *make_birth(process_slot *slot)
{
	struct server_birth *birth =
		heap_alloc(64, sizeof(*birth) + nursery.modules_size, table_owner(slot));
	if (!birth)
		return NULL;
	*birth = (struct server_birth){.what = LAUNCH_SERVER,
				       .channel = nursery.channel[1],
				       .channel_file = sys_file_of(nursery.channel[1]),
				       .parent = self_pid(),
				       .death_signal = orphan_signal(),
				       .ignored = ignored_here(),
				       .modules_size = nursery.modules_size};
	if (nursery.modules_size)
		memcpy(birth->modules, nursery.modules, nursery.modules_size);
	return birth;
}

static int run_server(void)
{
	nursery.birth = make_birth(nursery.slot);
	if (!nursery.birth)
		return -errno;
	struct execution what = {
		.place = table_place_of(nursery.slot),
		.message = nursery.birth,
		.kept = nursery.channel[1],
		.name = "the fork server",
		.ignored = warm_ignored, /* Ctrl-C may come while it begins */
		.ignored_count = WARM_IGNORED,
	};
	mode_t unused;
	viewpoint_open(&nursery.viewpoint);
	nursery.known = surroundings_take(&nursery.viewpoint, nursery.around, &unused);
	nursery.pidfd = execute_program(&what, &nursery.pid);
	if (nursery.pidfd < 0)
		viewpoint_close(&nursery.viewpoint);
	return nursery.pidfd < 0 ? nursery.pidfd : 0;
}

static int run_server_with_channel(void)
{
	int r = message_pair(nursery.channel);
	if (r < 0)
		return error_set(-r, r == -EMFILE || r == -ENFILE
					     ? "no descriptors are left to speak to the fork "
					       "server: close some, or raise the limit (ulimit -n)"
					     : "the system gives no sockets to speak to the fork "
					       "server: use another start method");
	r = run_server();
	if (r < 0) {
		close(nursery.channel[0]);
		close(nursery.channel[1]);
	}
	return r;
}

static int note_circumstances(void)
{
	if (!nursery.around)
		nursery.around = malloc(sizeof(*nursery.around));
	if (!nursery.around || environment_note(&nursery.environment) < 0)
		return error_set(ENOMEM, "no memory to start the fork server");
	return 0;
}

static int make_server(void)
{
	int r = note_circumstances();
	if (r < 0)
		return r;
	nursery.slot = table_reserve();
	if (!nursery.slot)
		return -errno;
	r = run_server_with_channel();
	if (r < 0) {
		table_release(nursery.slot);
		return r;
	}
	table_set_name(nursery.slot, "brood-server");
	table_entered(nursery.slot, nursery.pid);
	nursery.expected = 0;
	nursery.ahead = nursery.warm;
	nursery.channel_file = sys_file_of(nursery.channel[0]);
	nursery.running = nursery.fresh = true;
	return 0;
}

int nursery_open(void)
{
	if (nursery.running && !descriptors_are_ours())
		nursery_close();
	return nursery.running ? 0 : make_server();
}

bool nursery_is_current(mode_t *ret_umask)
{
	surroundings now;
	bool known = surroundings_take(&nursery.viewpoint, &now, ret_umask);
	bool fresh = nursery.fresh;
	nursery.fresh = false;
	return fresh || (known && nursery.known && surroundings_equal(&now, nursery.around));
}

static void ask_for(int children)
{
	if (children <= 0)
		return;
	atomic_fetch_add(&nursery.birth->wanted, (uint32_t)children);
	sys_futex_wake(&nursery.birth->wanted, 1);
	nursery.expected += children;
}

/* Late, when the start is done: on few processors the server would take its time from it. */
void nursery_refill(void)
{
	int64_t now = clock_now();
	if (now - nursery.last_start > burst_gap)
		nursery.ahead = nursery.warm;
	nursery.last_start = now;
	if (nursery.expected <= nursery.ahead / 2)
		ask_for(nursery.ahead - nursery.expected);
}

static int grown(int ahead)
{
	int doubled = ahead * 2;
	return doubled < BURST_MOST ? doubled : ahead > BURST_MOST ? ahead : BURST_MOST;
}

static int refused(const char *name, int error, const char *why)
{
	return *why ? error_set(error, "the fork server cannot %s", why)
		    : method_refused(name, error);
}

static int server_is_gone(const char *name)
{
	bool fresh = nursery.fresh;
	nursery_close();
	return fresh ? error_set(
			       ECHILD,
			       "cannot start '%s': the fork server, which is the program run anew, "
			       "ended before it came to brood_init() in main(); if it could not "
			       "join "
			       "the family's heap, standard error says why",
			       name)
		     : NURSERY_RETRY;
}

/* Children that were killed or stopped before they came to wait are not waited for. */
static void replace_lost(void)
{
	for (int i = 0; i < SERVER_CELLS; i++) {
		struct warm_cell *cell = &nursery.birth->cells[i];
		if (cell->state != CELL_MAKING || cell->pid == 0 || !cell_child_lost(cell->pid, -1))
			continue;
		cell_clear(cell);
		cell->state = CELL_EMPTY;
		nursery.expected--;
		ask_for(1);
	}
}

static int no_child(const char *name)
{
	int error = atomic_exchange(&nursery.birth->error, 0);
	if (!error)
		return server_is_gone(name);
	nursery.expected = 0;
	int r = refused(name, error, nursery.birth->why);
	if (*nursery.birth->why) /* it would say so for ever; another may find things better */
		nursery_close();
	return r;
}

/* Waits until one is parked, and returns as nursery_take(). */
static int wait_for_one(const char *name, const sigmask *mask, struct warm_cell **ret)
{
	const struct timespec a_while = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
	nursery.ahead = grown(nursery.ahead);
	for (;;) {
		uint32_t news = nursery.birth->news;
		*ret = cell_alert_one(nursery.birth);
		if (*ret)
			return 0;
		if (nursery.birth->error || cell_child_lost(nursery.pid, nursery.pidfd))
			return no_child(name);
		if (sys_futex_wait(&nursery.birth->news, news, &a_while) != -ETIMEDOUT)
			continue;
		if (sigmask_holds_back(mask))
			return NURSERY_SIGNAL;
		replace_lost();
	}
}

/* While it wakes up. One that was killed meanwhile is found out when it does not get ready. */
static int open_child(struct warm *child, const char *name)
{
	child->pid = child->cell->pid;
	child->pidfd = cell_open_child(child->cell);
	int r = child->pidfd;
	/* As with fork(), there may be only its pid to go by. */
	if (r >= 0 || r == -ENOSYS || r == -EPERM)
		return 0;
	cell_clear(child->cell);
	child->cell->state = CELL_EMPTY;
	return r == -ESRCH ? NURSERY_RETRY : refused(name, -r, "");
}

int nursery_take(const char *name, const sigmask *mask, struct warm *ret)
{
	int r = 0;
	if (nursery.expected <= 0)
		ask_for(nursery.ahead > 0 ? nursery.ahead : 1);
	ret->cell = cell_alert_one(nursery.birth);
	if (!ret->cell)
		r = wait_for_one(name, mask, &ret->cell);
	if (r != 0)
		return r;
	nursery.expected--;
	return open_child(ret, name);
}

void nursery_set_warm(int count)
{
	nursery_close();
	nursery.warm = count;
}

int nursery_set_modules(const char *const *modules)
{
	size_t size = 0;
	for (size_t i = 0; modules && modules[i]; i++)
		size += strlen(modules[i]) + 1;
	char *copy = malloc(size + 1), *to = copy;
	if (!copy)
		return error_set(ENOMEM, "no memory for the names of the modules to preload");
	for (size_t i = 0; modules && modules[i]; i++)
		to = stpcpy(to, modules[i]) + 1;
	nursery_close();
	free(nursery.modules);
	nursery.modules = copy;
	nursery.modules_size = size;
	return 0;
}
