/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"

static void test_set(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(error_set(ENOLCK, "%d locks", 1000), -ENOLCK);
	assert_int_equal(errno, ENOLCK);
	assert_string_equal(brood_error(), "1000 locks");
}

/* The sentence itself may be an argument. */
static void test_nested(void **state)
{
	(void)state;
	error_set(EIO, "inner");
	error_set(EIO, "outer: %s", brood_error());
	assert_string_equal(brood_error(), "outer: inner");
}

static void test_long(void **state)
{
	(void)state;
	char text[2000];
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(EIO, "%s", text);
	assert_int_equal(strlen(brood_error()), 511);
}

/* An absent object is told with its constructor's sentence, whatever failed in between. */
static void test_absent(void **state)
{
	(void)state;
	assert_int_equal(error_absent("process"), -EINVAL);
	assert_string_equal(brood_error(), "process is NULL");
	assert_null(error_null(EAGAIN, "no process '%s'", "p"));
	assert_int_equal(errno, EAGAIN);
	error_set(EINVAL, "something else");
	assert_int_equal(error_absent("process"), -EINVAL);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(brood_error(), "no process 'p'");
	error_set(ENOMEM, "no room");
	assert_null(error_to_null(-ENOMEM));
	assert_int_equal(errno, ENOMEM);
	error_absent("queue");
	assert_string_equal(brood_error(), "no room");
}

static void *in_thread(void *arg)
{
	(void)arg;
	bool empty = brood_error()[0] == '\0';
	error_set(EIO, "thread");
	return empty ? arg : NULL;
}

static void test_threads(void **state)
{
	(void)state;
	pthread_t thread;
	int mark;
	void *result;
	error_set(EIO, "main");
	assert_int_equal(pthread_create(&thread, NULL, in_thread, &mark), 0);
	assert_int_equal(pthread_join(thread, &result), 0);
	assert_non_null(result);
	assert_string_equal(brood_error(), "main");
}

/* What a child that runs the function writes to standard error; *status as of wait(2). */
static void run_child(void (*function)(void), char *text, size_t size, int *status)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], 2);
		function();
		_exit(0);
	}
	close(ends[1]);
	size_t length = 0;
	ssize_t r;
	while (length < size - 1 && (r = read(ends[0], text + length, size - 1 - length)) > 0)
		length += (size_t)r;
	text[length] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, status, 0), pid);
}

static void give_up_on_number(void)
{
	(void)brood_must(error_set(EBUSY, "it is busy"));
}

static void give_up_on_pointer(void)
{
	char *p = error_null(EBUSY, "there is none");
	(void)brood_must(p);
}

static void test_must(void **state)
{
	(void)state;
	int status, seven = brood_must(7);
	char text[300];
	assert_int_equal(seven, 7);
	const char *given = "text", *kept = brood_must(given);
	assert_ptr_equal(kept, given);
	run_child(give_up_on_number, text, sizeof(text), &status);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(text, "test_error.c:"));
	assert_non_null(strstr(text, ": error_set(EBUSY, \"it is busy\"): it is busy\n"));
	run_child(give_up_on_pointer, text, sizeof(text), &status);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(text, ": p: there is none\n"));
}

/* Which has the parent's memory for it, emptied, and can use it. */
static void test_forked(void **state)
{
	(void)state;
	int status;
	error_set(EBUSY, "it is busy");
	pid_t pid = fork();
	if (pid == 0) {
		bool empty = brood_error()[0] == '\0';
		error_set(EAGAIN, "try again");
		_exit(!empty || strcmp(brood_error(), "try again") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(brood_error(), "it is busy");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent),	cmocka_unit_test(test_set),
		cmocka_unit_test(test_nested),	cmocka_unit_test(test_long),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_must),
		cmocka_unit_test(test_forked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
