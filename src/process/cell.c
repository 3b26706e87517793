/* SPDX-License-Identifier: MIT */

#include "process/cell.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pidref.h"

bool cell_change(struct warm_cell *cell, enum cell_state from, enum cell_state to)
{
	uint32_t state = from;
	return atomic_compare_exchange_strong(&cell->state, &state, to);
}

struct warm_cell *cell_alert_one(struct server_birth *birth)
{
	for (int i = 0; i < SERVER_CELLS; i++) {
		struct warm_cell *cell = &birth->cells[i];
		if (cell->state != CELL_PARKED)
			continue;
		cell->processor = sched_getcpu();
		if (cell_change(cell, CELL_PARKED, CELL_ALERT)) {
			sys_futex_wake(&cell->state, 1);
			return cell;
		}
	}
	return NULL;
}

bool cell_child_stopped(pid_t pid, int pidfd)
{
	siginfo_t info;
	return sys_wait_child(pid, pidfd, WSTOPPED | WNOHANG | WNOWAIT | __WALL, &info) == 1;
}

bool cell_child_lost(pid_t pid, int pidfd)
{
	siginfo_t info;
	return sys_wait_child(pid, pidfd, WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL, &info) !=
	       0;
}

void cell_end_child(pid_t pid, int pidfd)
{
	siginfo_t info;
	int r = pidfd >= 0 ? sys_pidfd_signal(pidfd, SIGKILL) : sys_kill(pid, SIGKILL);
	if (r == 0 || !cell_child_stopped(pid, pidfd))
		sys_wait_child(pid, pidfd, WEXITED | __WALL, &info);
	if (pidfd >= 0)
		close(pidfd);
}

static bool is_unreaped(pid_t pid)
{
	siginfo_t info;
	return pid > 0 &&
	       sys_wait_child(pid, -1, WEXITED | WNOHANG | WNOWAIT | __WALL, &info) != -ECHILD;
}

int cell_open_child(const struct warm_cell *cell)
{
	return sys_children_are_ignored()
		       ? pidref_open((pidref){.pid = cell->pid, .started = cell->started})
		       : sys_pidfd_open(cell->pid);
}

void cell_clear(struct warm_cell *cell)
{
	if (atomic_exchange(&cell->state, CELL_QUIT) == CELL_EMPTY)
		return;
	sys_futex_wake(&cell->state, 1);
	if (!is_unreaped(cell->pid))
		return;
	int pidfd = cell_open_child(cell);
	if (pidfd != -ESRCH)
		cell_end_child(cell->pid, pidfd);
}
