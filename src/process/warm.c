/* SPDX-License-Identifier: MIT */
/*
 * Between the order and the word to go all signals are blocked but the one by which it dies with
 * its parent: one that is sent to the process as soon as its start has returned is neither
 * ignored, as the terminal's are while it waits, nor ends it before it can be asked to.
 */

#include "process/warm.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/message.h"
#include "base/raw.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "process/orphan.h"
#include "process/self.h"
#include "process/server.h"

const int warm_ignored[] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU};
const int warm_ignored_count = sizeof(warm_ignored) / sizeof(warm_ignored[0]);

enum { SPINS = 500 }; /* a few us: the parent needs as long as waking up takes */

static void take_over(int fd, int place)
{
	dup2(fd, place);
	close(fd);
}

/* The caller's streams, and its directory; a stream that it has closed is closed here. What else
 * it gives is unpacked when the process begins. */
static void take_descriptors(const struct warm_order *order, const int *fds)
{
	if (order->folder) {
		if (fchdir(*fds) < 0)
			_exit(EXIT_FAILURE);
		close(*fds++);
	}
	for (int i = 0; i < 2; i++)
		if (order->open[i])
			take_over(*fds++, STDOUT_FILENO + i);
		else
			close(STDOUT_FILENO + i);
	if (order->given)
		order->launch->given = *fds;
}

static void by_default(void)
{
	for (int i = 0; i < warm_ignored_count; i++)
		signal(warm_ignored[i], SIG_DFL);
}

static void report_ready(struct launch *launch)
{
	atomic_store(&launch->ready, 1);
	sys_futex_wake(&launch->ready, 1);
}

static enum warm_word wait_for_word(struct launch *launch)
{
	for (int i = 0; i < SPINS && launch->word == WARM_WAIT; i++)
		raw_relax();
	while (launch->word == WARM_WAIT)
		sys_futex_wait(&launch->word, WARM_WAIT, NULL);
	return launch->word;
}

/* Its memory is the process's for good, as environ is. */
static void set_environment(const struct launch *launch)
{
	const char *end = launch->environment + launch->environment_size;
	char *copy = malloc(launch->environment_size);
	if (!copy)
		_exit(EXIT_FAILURE);
	memcpy(copy, launch->environment, launch->environment_size);
	clearenv();
	for (const char *word = launch->environment; word < end; word += strlen(word) + 1)
		putenv(copy + (word - launch->environment));
}

static void become(const struct launch *launch) BROOD_NORETURN;
static void become(const struct launch *launch)
{
	self_begin_anew();
	table_move(launch->place, true);
	if (!launch->dies_with_parent)
		orphan_live_on();
	umask(launch->umask);
	if (launch->environment)
		set_environment(launch);
	sigmask mask = {.before = launch->mask};
	if (launch->dies_with_parent)
		mask.before &= ~orphan_signals();
	launch_resume(launch, &mask);
}

void warm_main(pid_t parent, int channel)
{
	struct warm_order order;
	int fds[MESSAGE_MAX_FDS], n;
	sys_set_comm("brood-warm");
	orphan_die_with(parent);
	if (message_receive(channel, &order, sizeof(order), fds, &n, 0) != 1)
		_exit(EXIT_SUCCESS);
	sigmask_change(SIG_SETMASK, ~orphan_signals());
	by_default();
	report_ready(order.launch);
	take_descriptors(&order, fds);
	close(channel);
	if (wait_for_word(order.launch) != WARM_GO)
		_exit(EXIT_SUCCESS);
	sigmask_change(SIG_SETMASK, UINT64_MAX);
	become(order.launch);
}
