/* SPDX-License-Identifier: MIT */
/*
 * The server is the program run anew (execute.h), made when it is first needed: however large this
 * process is by then and whatever threads it has, the server is as small as a new program.
 *
 * The server's channel is the store of warm children: each message in it is one, with its own
 * channel and its pidfd. Who takes one blocks until there is one, and learns at once when the
 * server has died. Children that have been killed or stopped meanwhile are found out when they are
 * used.
 *
 * The surroundings (surroundings.h) and the environment in which the server was made are
 * remembered.
 */

#include "process/nursery.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/message.h"
#include "base/sys.h"
#include "process/execute.h"
#include "process/method.h"
#include "process/self.h"
#include "process/server.h"
#include "process/warm.h"
#include "process/surroundings.h"

enum {
	BURST_MOST = 16,
	LOOK_EVERY_MS = 100, /* whether somebody has stopped who is waited for */
	END_MS = 1000,	     /* for the server to end by itself */
};

static const int64_t burst_gap =
	20 * 1000 * 1000; /* nanoseconds between starts that are no burst */

static struct {
	pthread_mutex_t lock;
	bool used;
	bool running;
	bool fresh; /* made, and no child taken yet */
	pid_t pid;
	int pidfd;
	int channel;
	process_slot *slot;
	struct server_birth *birth;
	pid_t last_offered;
	int expected; /* children asked for, and not yet taken */
	int ahead;    /* how many to have expected: grows in bursts */
	int64_t last_start;

	int warm;
	char *modules; /* names, one behind the other */
	size_t modules_size;

	char *environment; /* in which the server was made: strings, one behind the other */
	size_t environment_size;
	bool known; /* the following */
	surroundings around;
} nursery = {.lock = PTHREAD_MUTEX_INITIALIZER, .warm = NURSERY_WARM_DEFAULT};

void nursery_lock(void)
{
	pthread_mutex_lock(&nursery.lock);
}

void nursery_unlock(void)
{
	pthread_mutex_unlock(&nursery.lock);
}

static void reap(pid_t pid, int pidfd)
{
	siginfo_t info;
	sys_wait_child(pid, pidfd, WEXITED | __WALL, &info);
	if (pidfd >= 0)
		close(pidfd);
}

/* Also if it has been stopped. */
static void kill_and_reap(pid_t pid, int pidfd)
{
	if (pidfd >= 0)
		sys_pidfd_signal(pidfd, SIGKILL);
	reap(pid, pidfd);
}

void nursery_drop(struct warm *child)
{
	close(child->channel);
	kill_and_reap(child->pid, child->pidfd);
}

bool nursery_stopped(pid_t pid, int pidfd)
{
	siginfo_t info;
	return sys_wait_child(pid, pidfd, WSTOPPED | WNOHANG | WNOWAIT | __WALL, &info) == 1;
}

/* Waits until the channel has something, be it its end. False when the server has been stopped, or
 * the time (negative: none) is over. */
static bool wait_for_channel(int milliseconds)
{
	struct pollfd channel = {.fd = nursery.channel, .events = POLLIN};
	for (int waited = 0; poll(&channel, 1, LOOK_EVERY_MS) <= 0; waited += LOOK_EVERY_MS)
		if (nursery_stopped(nursery.pid, nursery.pidfd) ||
		    (milliseconds >= 0 && waited >= milliseconds))
			return false;
	return true;
}

/* The server died while it was making a child: that one has a closed channel, and ends. */
static void reap_unoffered(void)
{
	siginfo_t info;
	pid_t pid = atomic_load(&nursery.birth->newest);
	if (pid == nursery.last_offered || pid == 0 ||
	    sys_wait_child(pid, -1, WEXITED | WNOHANG | WNOWAIT | __WALL, &info) < 0)
		return;
	kill(pid, SIGKILL); /* not reaped, so the pid is still its own */
	reap(pid, -1);
}

static int receive_offer(struct warm_offer *offer, struct warm *ret, int flags)
{
	int fds[MESSAGE_MAX_FDS], n = 0;
	int r = message_receive(nursery.channel, offer, sizeof(*offer), fds, &n, flags);
	if (r != 1)
		return r;
	nursery.expected--;
	if (n != 2)
		return offer->error ? -offer->error : -EBADMSG;
	nursery.last_offered = offer->pid;
	*ret = (struct warm){.pid = offer->pid, .channel = fds[0], .pidfd = fds[1]};
	return 1;
}

void nursery_close(void)
{
	struct warm_offer offer;
	struct warm child;
	int r = 1;
	if (!nursery.running)
		return;
	shutdown(nursery.channel, SHUT_WR); /* it finishes what it is making, and ends */
	while (r != 0 && wait_for_channel(END_MS))
		if ((r = receive_offer(&offer, &child, 0)) == 1)
			nursery_drop(&child);
	kill_and_reap(nursery.pid, nursery.pidfd);
	while (receive_offer(&offer, &child, MSG_DONTWAIT) == 1)
		nursery_drop(&child);
	reap_unoffered();
	close(nursery.channel);
	table_release(nursery.slot); /* with the birth */
	nursery.running = false;
}

void nursery_end(void)
{
	if (!nursery.used)
		return;
	pthread_mutex_lock(&nursery.lock);
	nursery_close();
	pthread_mutex_unlock(&nursery.lock);
}

void nursery_forget(void)
{
	if (!nursery.used)
		return;
	nursery.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	if (nursery.running) {
		close(nursery.channel);
		close(nursery.pidfd);
	}
	nursery.running = false;
}

static size_t environment_size(void)
{
	size_t size = 0;
	for (char **word = environ; word && *word; word++)
		size += strlen(*word) + 1;
	return size;
}

void nursery_copy_environment(char *to)
{
	for (char **word = environ; word && *word; word++)
		to = stpcpy(to, *word) + 1;
}

size_t nursery_changed_environment(void)
{
	size_t at = 0;
	bool same = true;
	for (char **word = environ; word && *word; word++) {
		size_t size = strlen(*word) + 1;
		same = same && size <= nursery.environment_size - at &&
		       memcmp(nursery.environment + at, *word, size) == 0;
		at += same ? size : 0;
	}
	if (same && at == nursery.environment_size)
		return 0;
	at = environment_size();
	return at ? at : 1; /* an empty one is a change, too */
}

static struct server_birth *make_birth(process_slot *slot, int channel)
{
	struct server_birth *birth =
		heap_alloc(1, sizeof(*birth) + nursery.modules_size, table_owner(slot));
	if (!birth)
		return NULL;
	*birth = (struct server_birth){.what = LAUNCH_SERVER,
				       .channel = channel,
				       .parent = self_pid(),
				       .modules_size = nursery.modules_size};
	if (nursery.modules_size)
		memcpy(birth->modules, nursery.modules, nursery.modules_size);
	return birth;
}

static int run_server(int channel)
{
	nursery.birth = make_birth(nursery.slot, channel);
	if (!nursery.birth)
		return -errno;
	struct execution what = {
		.place = table_place_of(nursery.slot),
		.message = nursery.birth,
		.kept = channel,
		.name = "the fork server",
		.ignored = warm_ignored, /* Ctrl-C may come while it begins */
		.ignored_count = warm_ignored_count,
	};
	mode_t unused;
	nursery.known = surroundings_take(&nursery.around, &unused);
	nursery.pidfd = execute_program(&what, &nursery.pid);
	return nursery.pidfd < 0 ? nursery.pidfd : 0;
}

static int run_server_with_channel(void)
{
	int ends[2];
	int r = message_pair(ends);
	if (r < 0)
		return error_set(-r, "no descriptors are left to speak to the fork server: close "
				     "some, or raise the limit (ulimit -n)");
	r = run_server(ends[1]);
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	nursery.channel = ends[0];
	return r;
}

static int make_server(void)
{
	nursery.used = true;
	size_t size = environment_size();
	char *environment = realloc(nursery.environment, size + 1);
	if (!environment)
		return error_set(ENOMEM, "no memory for the fork server's environment");
	nursery.environment = environment;
	nursery.environment_size = size;
	nursery_copy_environment(nursery.environment);
	nursery.slot = table_reserve();
	int r = nursery.slot ? run_server_with_channel() : -errno;
	if (r < 0) {
		if (nursery.slot)
			table_release(nursery.slot);
		return r;
	}
	table_set_name(nursery.slot, "brood-server");
	table_entered(nursery.slot, nursery.pid);
	nursery.expected = 0;
	nursery.last_offered = 0;
	nursery.ahead = nursery.warm;
	nursery.running = nursery.fresh = true;
	return 0;
}

int nursery_open(void)
{
	return nursery.running ? 0 : make_server();
}

bool nursery_is_current(mode_t *ret_umask)
{
	surroundings now;
	bool known = surroundings_take(&now, ret_umask);
	bool fresh = nursery.fresh;
	nursery.fresh = false;
	return fresh || (known && nursery.known && surroundings_equal(&now, &nursery.around));
}

static void ask_for(int children)
{
	server_request request = (server_request)children;
	if (children > 0 && message_send(nursery.channel, &request, sizeof(request), NULL, 0) == 0)
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
	if (*why)
		return error_set(error, "the fork server cannot %s", why);
	if (error == EMFILE || error == ENFILE)
		return error_set(error,
				 "no file descriptor is left to start '%s': close some, free "
				 "processes that have ended (brood_process_free), or raise the "
				 "limit (ulimit -n)",
				 name);
	return method_refused(name, error);
}

static int server_is_gone(const char *name)
{
	bool fresh = nursery.fresh;
	nursery_close();
	return fresh ? error_set(
			       ECHILD,
			       "cannot start '%s': the fork server, which is the program run anew, "
			       "ended before it came to brood_init() in main()",
			       name)
		     : NURSERY_RETRY;
}

int nursery_take(const char *name, struct warm *ret)
{
	struct warm_offer offer = {0};
	if (nursery.expected == 0)
		ask_for(nursery.ahead > 0 ? nursery.ahead : 1);
	int r = receive_offer(&offer, ret, MSG_DONTWAIT);
	if (r == -EAGAIN) {
		nursery.ahead = grown(nursery.ahead);
		r = wait_for_channel(-1) ? receive_offer(&offer, ret, 0) : 0;
	}
	if (r == 0)
		return server_is_gone(name);
	if (r == 1 && nursery_stopped(ret->pid, ret->pidfd)) {
		nursery_drop(ret);
		return NURSERY_RETRY;
	}
	return r < 0 ? refused(name, -r, offer.why) : 0;
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
