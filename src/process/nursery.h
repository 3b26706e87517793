/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_NURSERY_H
#define PROCESS_NURSERY_H

/*
 * This process's fork server and the warm children that it keeps, as the start method
 * forkserver uses them. All under the nursery's lock, which its functions expect to be held.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/sigmask.h"
#include "process/server.h"

enum { NURSERY_WARM_DEFAULT = 2, NURSERY_WARM_MOST = SERVER_CELLS };

/* A warm child that has been taken: it waits for its order, and is ours to reap. */
struct warm {
	pid_t pid;
	int pidfd;
	struct warm_cell *cell;
};

void nursery_lock(void);
void nursery_unlock(void);

/* Makes the server if there is none. Returns 0, or a negative errno with its sentence. */
int nursery_open(void);

/*
 * A warm child, waiting until there is one; `name` is that of the process to be started. Returns 0,
 * NURSERY_RETRY when the server turned out to be dead, NURSERY_SIGNAL when `mask`, that the caller
 * has blocked all signals with, holds one back meanwhile (a server may take its time, or never come
 * to brood_init()), or a negative errno with its sentence.
 */
enum { NURSERY_RETRY = 1, NURSERY_SIGNAL };
int nursery_take(const char *name, const sigmask *mask, struct warm *ret);

/* Where its order is sent. */
int nursery_channel(void);

/* That of the warm children: which thread made the server decides (orphan.h). */
int nursery_death_signal(void);

/* After a start: sees to it that there will be warm children again. */
void nursery_refill(void);

/* Ends a warm child that was taken, whatever it has done by then. */
void nursery_drop(struct warm *child);

/* Whether a child of the present server would be what one made now would be; with the umask, which
 * it takes over. */
bool nursery_is_current(mode_t *ret_umask);

/* How much room the environment needs to be sent to a child: none while it is the server's own. */
size_t nursery_changed_environment(void);

/* Ends the server and its warm children, if there are any, and waits for them. */
void nursery_close(void);

/* What later servers are to keep, and to load. */
void nursery_set_warm(int count);
int nursery_set_modules(const char *const *modules);

/* At this process's end; takes the lock. */
void nursery_end(void);

/* In a new process, if the nursery was ever used: the server is its parent's. */
extern _Atomic bool nursery_used;
void nursery_forget(void);

#endif
