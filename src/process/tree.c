/* SPDX-License-Identifier: MIT */
/*
 * A process and all that descends from it: its children, theirs, those that have
 * left them by forking twice but bear its lineage (lineage.h), and all of the sessions
 * that any of these has opened: nobody joins a session but by being born into it.
 *
 * A tree that grows while it is looked at could outrun the search. So whoever is found is stopped
 * at once, and the search goes on until all have come to rest and a pass through /proc finds
 * nobody new. Only then is the signal sent: what is killed first would leave children
 * to init, and with them what links them to the tree. A caller that dies in between leaves the
 * tree stopped.
 *
 * Nobody is signalled by pid alone: a process is its pid and its start time, which a
 * pidfd is checked against.
 *
 * Control groups are left alone. Writing cgroup.kill ends a whole group at once, but the group
 * that a process is found in may hold others, of which nobody can tell whether they are
 * strangers or descendants that bear no sign; and where all bear one, the search has them
 * already. It would be safe only in a group made for the process at its start, which needs a
 * delegated one, a name, and somebody to remove it after the last of the tree.
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/pidref.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "process/end.h"
#include "process/lineage.h"
#include "process/self.h"

static const double search_seconds = 30; /* then it is signalled what was found */
static const double rest_seconds = 0.5;	 /* for those found to stop, in each pass */
static const double quiet_seconds = 0.5; /* in which nobody is found, but somebody has ended */

/* Processes, with rising pids. */
struct roll {
	pidref *list;
	size_t count, room;
};

struct tree {
	lineage_sign sign;
	pid_t root;	/* 0 when it has ended: then nobody's */
	uint64_t since; /* nobody in it started before */
	pid_t session;	/* the root was born into; any other was opened by one of the tree */
	struct roll sessions;
	struct roll members;
	struct roll strangers; /* looked at, and not of this tree for ever */
	int fresh;	       /* members that this pass has found */
	bool missed;	       /* somebody was gone before he was looked at */
	pid_t refused;	       /* one that could not be signalled, and why */
	int err;
};

/* Where it is, or would be. */
static size_t roll_place(const struct roll *roll, pid_t pid)
{
	size_t low = 0, high = roll->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (roll->list[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const pidref *roll_find(const struct roll *roll, pid_t pid)
{
	size_t at = roll_place(roll, pid);
	return at < roll->count && roll->list[at].pid == pid ? &roll->list[at] : NULL;
}

static bool roll_has(const struct roll *roll, pidref process)
{
	const pidref *found = roll_find(roll, process.pid);
	return found && found->started == process.started;
}

static int roll_add(struct roll *roll, pidref process)
{
	size_t at = roll_place(roll, process.pid);
	if (at < roll->count && roll->list[at].pid == process.pid) {
		roll->list[at] = process; /* the one that had the pid is gone */
		return 0;
	}
	if (roll->count == roll->room) {
		size_t room = roll->room ? 2 * roll->room : 64;
		pidref *list = realloc(roll->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		roll->list = list;
		roll->room = room;
	}
	memmove(roll->list + at + 1, roll->list + at, (roll->count - at) * sizeof(*roll->list));
	roll->list[at] = process;
	roll->count++;
	return 0;
}

/* Without a pidfd (valgrind; no descriptor left), or where a sandbox refuses to signal by it, by
 * pid, if the start time is right. */
static int send_to(pidref process, int signal)
{
	proc_stat stat;
	int fd = pidref_open(process);
	if (fd >= 0) {
		int r = sys_pidfd_signal(fd, signal);
		close(fd);
		if (r == 0 || r == -ESRCH)
			return r;
	}
	if (fd == -ESRCH || proc_read_stat(process.pid, &stat) < 0 ||
	    stat.started != process.started)
		return -ESRCH;
	return sys_kill(process.pid, signal);
}

static void signal_member(struct tree *tree, pidref process, int signal)
{
	int r = send_to(process, signal);
	if (r == 0 || r == -ESRCH)
		return;
	tree->refused = process.pid;
	tree->err = -r;
}

static bool is_self(pidref process)
{
	return process.pid == self_pid();
}

/* A parent that is alive is the one meant, and so is its child. */
static bool has_parent_in(const struct tree *tree, const proc_stat *stat)
{
	const pidref *parent = roll_find(&tree->members, stat->parent);
	return parent && !pidref_dead(*parent);
}

/* It may have been of the tree, and have left a child. */
static bool has_been_missed(struct tree *tree)
{
	tree->missed = true;
	return false;
}

/* Whether it still is the process that was looked at. */
static bool is_still(struct tree *tree, pidref process)
{
	proc_stat stat;
	return (proc_read_stat(process.pid, &stat) == 0 && stat.started == process.started &&
		!stat.ending) ||
	       has_been_missed(tree);
}

static void note_stranger(struct tree *tree, pidref process)
{
	if (roll_add(&tree->strangers, process) < 0)
		tree->err = ENOMEM; /* it is looked at again in the next pass */
}

static bool is_in_session_of(const struct tree *tree, const proc_stat *stat)
{
	return roll_find(&tree->sessions, stat->session) != NULL;
}

/* Also of one that has ended meanwhile. */
static void note_session(struct tree *tree, const proc_stat *stat)
{
	if (stat->session != tree->session && stat->session > 0 &&
	    roll_add(&tree->sessions, (pidref){.pid = stat->session}) < 0)
		tree->err = ENOMEM;
}

static bool belongs(struct tree *tree, pidref process, const proc_stat *stat)
{
	if (process.pid == tree->root || is_in_session_of(tree, stat) || has_parent_in(tree, stat))
		return true;
	if (roll_has(&tree->strangers, process))
		return false;
	if (lineage_bears(process.pid, &tree->sign))
		return true;
	if (is_still(tree, process))
		note_stranger(tree, process);
	return false;
}

static void add(struct tree *tree, pidref process)
{
	if (roll_add(&tree->members, process) < 0) {
		tree->err = ENOMEM;
		return;
	}
	tree->fresh++;
	if (!is_self(process))
		signal_member(tree, process, SIGSTOP);
}

static void look_at(pid_t pid, void *data)
{
	struct tree *tree = data;
	proc_stat stat;
	if (proc_read_stat(pid, &stat) < 0) {
		has_been_missed(tree);
		return;
	}
	pidref process = {.pid = pid, .started = stat.started};
	/* The root may be a warm child, that was there before its start. */
	if ((stat.started < tree->since && pid != tree->root) || roll_has(&tree->members, process))
		return;
	if (!stat.ending) {
		if (!belongs(tree, process, &stat))
			return;
		note_session(tree, &stat);
		if (is_still(tree, process))
			add(tree, process);
	} else if (!roll_has(&tree->strangers, process)) {
		note_stranger(tree, process);
		has_been_missed(tree);
	}
}

/* Waits a little for all to stop; whether they have. */
static bool come_to_rest(const struct tree *tree)
{
	deadline when;
	deadline_in(rest_seconds, &when);
	for (size_t i = 0; i < tree->members.count;) {
		pidref member = tree->members.list[i];
		if (is_self(member) || proc_at_rest(member.pid))
			i++;
		else if (clock_now() > when)
			return false;
		else
			nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	return true;
}

/* Finds all, and stops them. Returns how many were found, or a negative errno. */
static int search(struct tree *tree, deadline when)
{
	int found = 0;
	deadline quiet;
	deadline_in(quiet_seconds, &quiet);
	for (;;) {
		tree->fresh = 0;
		tree->missed = false;
		bool rest = come_to_rest(tree);
		int r = proc_each(look_at, tree);
		if (r < 0)
			return r;
		found += tree->fresh;
		if (tree->fresh)
			deadline_in(quiet_seconds, &quiet);
		else if ((rest && !tree->missed) || clock_now() > quiet)
			return found;
		if (clock_now() > when)
			return found;
	}
}

/* The caller, if it is of the tree, comes last. */
static void deliver(struct tree *tree, int signal)
{
	const struct roll *members = &tree->members;
	for (size_t i = 0; i < members->count; i++)
		if (!is_self(members->list[i]))
			signal_member(tree, members->list[i], signal);
	for (size_t i = 0; i < members->count && signal != SIGKILL; i++)
		if (!is_self(members->list[i]))
			signal_member(tree, members->list[i], SIGCONT);
}

static void wait_for_ends(const struct tree *tree, deadline when)
{
	for (size_t i = 0; i < tree->members.count; i++) {
		struct timespec left;
		int fd = is_self(tree->members.list[i]) ? -1 : pidref_open(tree->members.list[i]);
		if (fd < 0)
			continue;
		while (sys_pidfd_wait(fd, deadline_left(when, &left)) == -EINTR)
			;
		close(fd);
	}
}

/* What is killed must not have left anybody; so the search begins again. */
static int signal_all(struct tree *tree, int signal)
{
	deadline when;
	deadline_in(search_seconds, &when);
	int found;
	do {
		found = search(tree, when);
		deliver(tree, signal);
		if (signal == SIGKILL)
			wait_for_ends(tree, when);
	} while (found > 0 && signal == SIGKILL && clock_now() < when);
	if (signal == SIGKILL)
		table_collect(); /* nobody else would soon */
	return found;
}

static int outcome(const struct tree *tree, int found, int signal)
{
	if (found < 0)
		return error_set(-found, "cannot look for descendants, only the process itself was "
					 "signalled: /proc cannot be read");
	if (tree->err == ENOMEM)
		return error_set(ENOMEM, "no memory to list all of the tree; %zu were signalled",
				 tree->members.count);
	if (tree->err)
		return error_set(tree->err,
				 "process %d of the tree cannot be signalled (it may be another "
				 "user's); the others were",
				 (int)tree->refused);
	if (found > 0 && signal == SIGKILL)
		return error_set(EAGAIN,
				 "the tree grows faster than it is killed: call again, or limit "
				 "its processes (ulimit -u)");
	return (int)tree->members.count;
}

/* Its pid, as long as that is its own. */
static pid_t root_of(brood_process *process)
{
	proc_stat stat;
	pid_t pid = brood_process_pid(process);
	if (process == brood_current_process())
		return pid;
	if (brood_process_exitcode(process) != BROOD_NO_EXITCODE ||
	    proc_read_stat(pid, &stat) < 0 || stat.started > process->started)
		return 0;
	return pid;
}

static int tree_signal(brood_process *process, int signal, const char *verb)
{
	CANCEL_HOLD(held);
	int r = end_check_signal(process, verb);
	if (r < 0)
		return r;
	struct tree tree = {
		.sign = lineage_sign_of(process->lineage),
		.root = root_of(process),
		.since = process->since,
		.session = process->session,
	};
	int found = signal_all(&tree, signal);
	if (found < 0 || !roll_find(&tree.members, brood_process_pid(process)))
		end_signal(process, signal); /* whatever /proc says, or does not */
	r = outcome(&tree, found, signal);
	bool own = roll_find(&tree.members, self_pid()) != NULL;
	free(tree.members.list);
	free(tree.sessions.list);
	free(tree.strangers.list);
	if (own)
		sys_kill(self_pid(), signal);
	return r;
}

int brood_process_terminate_tree(brood_process *process)
{
	return tree_signal(process, SIGTERM, "terminate");
}

int brood_process_kill_tree(brood_process *process)
{
	return tree_signal(process, SIGKILL, "kill");
}
