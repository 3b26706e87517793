/* SPDX-License-Identifier: MIT */
#ifndef LOG_TEST_H
#define LOG_TEST_H

/* What the tests of logging share: a child whose standard error is read by write. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The writes of a child: each one that it made is a datagram here. */
typedef struct writes {
	int count;
	char *text[64];
} writes;

static inline void writes_free(writes *all)
{
	for (int i = 0; i < all->count; i++)
		free(all->text[i]);
	all->count = 0;
}

static inline void writes_read(writes *all, int fd)
{
	enum { SIZE = 200000 };
	char *buffer = malloc(SIZE);
	ssize_t r;
	assert_non_null(buffer);
	while ((r = recv(fd, buffer, SIZE - 1, 0)) > 0) {
		assert_true(all->count < 64);
		buffer[r] = '\0';
		all->text[all->count++] = strdup(buffer);
	}
	free(buffer);
}

/* Runs a function in a child whose fd 2 is one end of a socket that keeps writes apart. */
static inline writes writes_of(void (*function)(void))
{
	writes all = {0};
	int ends[2], status;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(30);
		close(ends[0]);
		dup2(ends[1], 2);
		close(ends[1]);
		function();
		_exit(0);
	}
	close(ends[1]);
	writes_read(&all, ends[0]);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return all;
}

/* Compares the writes with a list that ends with NULL, and frees them. */
static inline void writes_expect(writes all, const char *const *expected)
{
	int count = 0;
	for (; expected[count] && count < all.count; count++)
		assert_string_equal(all.text[count], expected[count]);
	assert_int_equal(all.count, count);
	assert_null(expected[count]);
	writes_free(&all);
}

#define EXPECT_WRITES(function, ...) \
	writes_expect(writes_of(function), (const char *const[]){__VA_ARGS__, NULL})

#define EXPECT_NO_WRITES(function) writes_expect(writes_of(function), (const char *const[]){NULL})

#endif
