/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_STUCK_H
#define PROCESS_STUCK_H

/*
 * A process that fork()s while another of its threads holds one of glibc's own locks leaves it
 * held in the child for ever. glibc makes most of them anew there, but not that of the at-exit
 * functions (atexit(), exit(), and what a loader of C++ modules calls) nor the loader's (dlopen()).
 * Whoever needs one of these first, in a child that has but one thread, does so between
 * stuck_begin() and stuck_end(): a timer looks whether the thread sleeps for a lock, which then
 * nobody holds, and frees it. What the lock protects may be half changed; it is a list to whose end
 * something is being added.
 */

#include <signal.h>
#include <sys/time.h>

/* How the thread had SIGALRM, which is these functions' meanwhile. */
struct stuck {
	struct sigaction action;
	struct itimerval timer;
	sigset_t mask;
};

void stuck_begin(struct stuck *ret);
void stuck_end(const struct stuck *stuck);

#endif
