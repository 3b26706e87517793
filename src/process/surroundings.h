/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SURROUNDINGS_H
#define PROCESS_SURROUNDINGS_H

/*
 * What the kernel gives a new process from the thread that starts it, and what only a new process
 * gets: credentials, capabilities, seccomp, namespaces, control group, session, limits, priority
 * and scheduling. A process made earlier is as good as one made now while this has not changed.
 *
 * What a process can take over afterwards is not here: the signal mask, the umask, the environment,
 * the working directory, the standard streams.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

enum { SURROUNDINGS_LIMITS = 16, SURROUNDINGS_TEXT = 2000 };

typedef struct surroundings {
	uid_t user[3];
	gid_t group_ids[3];
	uint64_t groups; /* a hash, with how many */
	uint32_t capabilities[6];
	uint64_t bounding;
	uint64_t ambient;
	int no_new_privileges;
	int seccomp;
	uint64_t processors[16];
	uint64_t root[3];
	uint64_t control_group; /* where there is only the unified hierarchy; else in the text */
	pid_t group;
	pid_t session;
	int io_priority;
	int timer_slack;
	int personality;
	unsigned char scheduling[56]; /* struct sched_attr */
	struct rlimit limits[SURROUNDINGS_LIMITS];
	size_t length;
	char text[SURROUNDINGS_TEXT]; /* from /proc */
} surroundings;

/*
 * From where one looks: descriptors kept open, as to find them again takes half the time. Opened
 * for the calling thread; others can look by it, too, but take longer.
 */
typedef struct viewpoint {
	pid_t thread;
	int namespaces; /* folders and files in /proc; -1: none */
	int oom_score;
	int pidfd;  /* this process's; -1 where that does not tell the control group */
	int groups; /* then this file in /proc */
} viewpoint;

void viewpoint_open(viewpoint *ret);
void viewpoint_close(viewpoint *from);

/* Looks at the calling thread's, and at the umask. False without /proc: then nobody can know. */
bool surroundings_take(const viewpoint *from, surroundings *ret, mode_t *ret_umask);

bool surroundings_equal(const surroundings *a, const surroundings *b);

#endif
