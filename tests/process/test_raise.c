/* SPDX-License-Identifier: MIT */
/* brood_raise: what it prints, where it may be called, how the process then ends. */

#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* Not inlined, so that each has a frame of its own in every build. */
#define FRAME __attribute__((noinline))

FRAME static void innermost(int n)
{
	brood_raise("RuntimeError", "There was an error %d!", n);
}

FRAME static void middle(int n)
{
	innermost(n + 1);
	__asm__ volatile("");
}

static void target(void)
{
	middle(4);
	__asm__ volatile("");
}

static int raises_in_a_child(void)
{
	brood_process *p = brood_start(.call = target, .name = "raises");
	brood_process_join(p);
	return brood_process_exitcode(p);
}

static void test_traceback_of_a_child(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_in_a_child", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	const char *head = "Process raises:\nTraceback (most recent call last):\n";
	assert_memory_equal(end.err, head, strlen(head));
	const char *outer = strstr(end.err, "in target\n");
	const char *then = strstr(end.err, "in middle\n");
	const char *last = strstr(end.err, "in innermost\n");
	assert_true(outer && then && last && outer < then && then < last);
	assert_null(strstr(end.err, "child_main"));
	assert_null(strstr(end.err, "brood_raise+"));
	const char *tail = "\nRuntimeError: There was an error 5!\n";
	assert_string_equal(end.err + strlen(end.err) - strlen(tail), tail);
	assert_non_null(strstr(end.err, "test_raise.c\", line "));
	assert_non_null(strstr(
		end.err, "\n    brood_raise(\"RuntimeError\", \"There was an error %d!\", n);\n"));
}

static int raises_in_main(void)
{
	brood_start(.call = target, .name = "child");
	middle(0);
	return 0;
}

static void test_traceback_of_main(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_in_main", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	assert_non_null(strstr(end.err, "in main\n"));
	assert_non_null(strstr(end.err, "in raises_in_main\n"));
	assert_non_null(strstr(end.err, "\nRuntimeError: There was an error 1!\n"));
	assert_null(strstr(end.err, "Process MainProcess"));
	/* and its child was joined */
	assert_non_null(strstr(end.err, "Process child:\n"));
	assert_non_null(strstr(end.err, "\nRuntimeError: There was an error 5!\n"));
}

static void *raise_in_thread(void *arg)
{
	middle(*(int *)arg);
	return NULL;
}

static void start_thread(void)
{
	pthread_t thread;
	int n = 10;
	pthread_create(&thread, NULL, raise_in_thread, &n);
	pthread_join(thread, NULL);
}

static int raises_in_a_thread(void)
{
	brood_process *p = brood_start(.call = start_thread, .name = "threaded");
	brood_process_join(p);
	return brood_process_exitcode(p);
}

static void test_a_thread_may_raise(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_in_a_thread", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	assert_non_null(strstr(end.err, "Process threaded:\n"));
	assert_non_null(strstr(end.err, "in raise_in_thread\n"));
	assert_non_null(strstr(end.err, "RuntimeError: There was an error 11!\n"));
}

static void raise_without_a_type(void)
{
	brood_raise(NULL, "%s", "");
}

static void handler(void)
{
	puts("handler ran");
}

static void raise_with_handlers(void)
{
	atexit(handler);
	raise_without_a_type();
}

static int raises_bare(void)
{
	brood_process *p = brood_start(.call = raise_with_handlers, .name = "bare");
	brood_process_join(p);
	return brood_process_exitcode(p);
}

static void test_no_type_no_message(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_bare", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	const char *tail = "\nError\n";
	assert_string_equal(end.err + strlen(end.err) - strlen(tail), tail);
	assert_string_equal(end.out, "handler ran\n");
}

static int raises_with_a_log(void)
{
	brood_log_to_stderr(BROOD_LOG_INFO);
	return raises_in_a_child();
}

static void test_the_traceback_stands_after_the_shutdown(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_with_a_log", NULL, &end);
	const char *down = strstr(end.err, "[INFO/raises] process shutting down\n");
	const char *trace = strstr(end.err, "Process raises:\n");
	const char *code = strstr(end.err, "[INFO/raises] process exiting with exitcode 1\n");
	assert_true(down && trace && code && down < trace && trace < code);
}

static const role roles[] = {
	ROLE(raises_in_a_child), ROLE(raises_in_main),	  ROLE(raises_in_a_thread),
	ROLE(raises_bare),	 ROLE(raises_with_a_log),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_traceback_of_a_child),
		TEST(test_traceback_of_main),
		TEST(test_a_thread_may_raise),
		TEST(test_no_type_no_message),
		TEST(test_the_traceback_stands_after_the_shutdown),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
