/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_CELL_H
#define PROCESS_CELL_H

/*
 * A warm child's cell (server.h) from the parent's side, and the child in it: it is known by a
 * pidfd, or by a pid, which is not reaped. (But by the kernel where SIGCHLD is ignored: there the
 * pid may be another's soon, which is told by when that has started.)
 */

#include <stdbool.h>

#include "process/server.h"

bool cell_change(struct warm_cell *cell, enum cell_state from, enum cell_state to);

/* Alerts one that is parked; NULL when none is. */
struct warm_cell *cell_alert_one(struct server_birth *birth);

/* A pidfd of the child in it, or a negative errno: -ESRCH when that is gone. */
int cell_open_child(const struct warm_cell *cell);

/* Ends the child that is in it, if there is one. The cell is left as QUIT. */
void cell_clear(struct warm_cell *cell);

/* Kills, and reaps unless that is refused: then it ends by itself, but if it has been stopped
 * nobody knows when. Closes the pidfd. Also for the server. */
void cell_end_child(pid_t pid, int pidfd);

/* Stopped (SIGSTOP); and that or ended, so that waiting for it is in vain. Also of the server. */
bool cell_child_stopped(pid_t pid, int pidfd);
bool cell_child_lost(pid_t pid, int pidfd);

#endif
