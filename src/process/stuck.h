/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_STUCK_H
#define PROCESS_STUCK_H

/*
 * A process that fork()s while another of its threads holds one of glibc's own locks leaves it
 * held in the child for ever. glibc makes most of them anew there, but not that of the at-exit
 * functions (atexit(), exit(), and what a loader of C++ modules calls), nor that of the list of
 * what is loaded (dl_iterate_phdr(), dlclose()). What needs one of them, in a child that has but
 * one thread, is called between these functions: a timer looks whether that thread sleeps
 * for a lock, which then nobody holds.
 */

#include <signal.h>
#include <stdbool.h>
#include <sys/time.h>

/* How the thread had the signals that are these functions' meanwhile. */
struct stuck {
	struct sigaction actions[3];
	struct itimerval timer;
	sigset_t mask;
};

/* The lock is freed. For the at-exit functions: another one was being added to the end of their
 * list, and is not there yet. */
void stuck_begin(struct stuck *ret);
void stuck_end(const struct stuck *stuck);

/*
 * Calls the function, and leaves it where it sleeps for such a lock or, as the list is half
 * changed, falls into what is loaded no more. Whatever it had is lost then. Whether it returned.
 */
bool stuck_try(void (*function)(void *data), void *data);

#endif
