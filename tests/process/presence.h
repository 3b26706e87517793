/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROCESS_PRESENCE_H
#define TESTS_PROCESS_PRESENCE_H

/* Who of a tree is still there, and processes that leave their parents. */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

/*
 * A pipe in which every process of a tree writes its pid, and which it holds open: the tree
 * is gone when the pipe ends. It is opened by a path, also by programs that inherit nothing.
 */
typedef struct presence {
	int in, out;
	char path[40];
} presence;

static inline void presence_open(presence *ret)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	*ret = (presence){.in = ends[0], .out = ends[1]};
	snprintf(ret->path, sizeof(ret->path), "/proc/%d/fd/%d", (int)getpid(), ends[0]);
}

/* For the process that calls it, and those that it forks from now on. */
static inline void sign_in(const char *path)
{
	pid_t pid = getpid();
	alarm(50); /* outlives no test that has failed */
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, &pid, sizeof(pid)) != sizeof(pid))
		_exit(99);
}

static inline void wait_for_sign(const presence *all)
{
	pid_t pid;
	struct pollfd in = {.fd = all->in, .events = POLLIN};
	assert_int_equal(poll(&in, 1, 20000), 1);
	assert_int_equal(read(all->in, &pid, sizeof(pid)), sizeof(pid));
}

/* Nobody is left who has signed in; closes the pipe. */
static inline void assert_deserted(presence *all)
{
	char drain[4096];
	ssize_t r;
	struct pollfd in = {.fd = all->in, .events = POLLIN};
	close(all->out);
	do {
		assert_int_equal(poll(&in, 1, 10000), 1);
		r = read(all->in, drain, sizeof(drain));
	} while (r > 0);
	assert_int_equal(r, 0);
	close(all->in);
}

static inline void sleep_long(void)
{
	for (;;)
		pause();
}

static inline void stay(void *path)
{
	sign_in(path);
	sleep_long();
}

/* Runs f in a session of its own, as nobody's child. */
static inline void run_loose(void (*f)(void *), void *path)
{
	pid_t pid = fork();
	if (pid != 0) {
		waitpid(pid, NULL, 0);
		return;
	}
	setsid();
	if (fork() == 0)
		f(path);
	_exit(0);
}

#endif
