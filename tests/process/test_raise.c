/* SPDX-License-Identifier: MIT */
/* brood_raise: what it prints, where it may be called, how the process then ends. */

#include "harness.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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
	assert_null(strstr(end.err, "start_thread"));
	assert_null(strstr(end.err, "in __clone"));
}

/* Whether the first frame of the traceback, the outermost, is that of function ("in f"). */
static bool begins_in(const char *text, const char *function)
{
	const char *frame = strstr(text, "Traceback (most recent call last):\n");
	const char *end = frame ? strchr(strchr(frame, '\n') + 1, '\n') : NULL;
	size_t length = strlen(function);
	return end && strncmp(end - length, function, length) == 0;
}

FRAME static void raise_late(void)
{
	brood_raise("LateError", "too late");
}

static void finalizer(void *unused)
{
	(void)unused;
	raise_late();
	__asm__ volatile("");
}

static void add_finalizer(void)
{
	brood_finalizer_new(finalizer, NULL, 0);
}

static void add_handler(void)
{
	atexit(raise_late);
}

static int status_of(void (*call)(void))
{
	brood_process *p = brood_start(.call = call);
	brood_process_join(p);
	int code = brood_process_exitcode(p);
	brood_process_free(p);
	return code;
}

static int raises_in_a_childs_finalizer(void)
{
	return status_of(add_finalizer);
}

static int raises_in_a_finalizer(void)
{
	add_finalizer();
	return 0;
}

static int raises_in_a_childs_handler(void)
{
	return status_of(add_handler);
}

static int raises_in_a_handler(void)
{
	add_handler();
	return 0;
}

static void test_tracebacks_begin_in_what_the_library_calls(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_in_a_childs_finalizer", NULL, &end);
	assert_true(begins_in(end.err, "in finalizer"));
	run_role("raises_in_a_finalizer", NULL, &end);
	assert_true(begins_in(end.err, "in finalizer"));
	run_role("raises_in_a_thread", NULL, &end);
	/* Those of a sanitizer stand around a thread's function and a handler. */
	assert_true(UNDER_TSAN || begins_in(end.err, "in raise_in_thread"));
	run_role("raises_in_a_childs_handler", NULL, &end);
	assert_true(UNDER_TSAN || begins_in(end.err, "in raise_late"));
	run_role("raises_in_a_handler", NULL, &end);
	assert_true(UNDER_TSAN || begins_in(end.err, "in raise_late"));
}

static void raise_without_descriptors(void)
{
	while (dup(STDERR_FILENO) >= 0)
		continue;
	raise_late();
	__asm__ volatile("");
}

static int raises_without_descriptors(void)
{
	return status_of(raise_without_descriptors);
}

static void test_a_frame_without_descriptors(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_without_descriptors", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	assert_non_null(strstr(end.err, "\n  File \""));
	assert_non_null(strstr(end.err, "\nLateError: too late\n"));
}

static void raise_twice(void)
{
	atexit(raise_late);
	middle(20);
	__asm__ volatile("");
}

static int raises_twice(void)
{
	return status_of(raise_twice);
}

static void test_both_errors_of_a_child_are_told(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_twice", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	const char *first = strstr(end.err, "\nRuntimeError: There was an error 21!\nProcess ");
	const char *second = strstr(end.err, "\nLateError: too late\n");
	assert_true(first && second && first < second);
}

static void do_nothing(void) {}

static void start_on_the_way_out(void)
{
	if (status_of(do_nothing) != 0)
		_exit(9);
}

static void raise_and_start(void)
{
	atexit(start_on_the_way_out);
	raise_late();
	__asm__ volatile("");
}

static int raises_and_starts(void)
{
	return status_of(raise_and_start);
}

static void test_an_error_is_told_once(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_and_starts", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 1);
	const char *told = strstr(end.err, "LateError: too late\n");
	assert_non_null(told);
	assert_null(strstr(told + 1, "LateError: too late\n"));
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

static void (*volatile again)(int n); /* for no compiler to see where it leads */

FRAME static void recurse(int n)
{
	if (n == 0)
		brood_raise("DepthError", NULL);
	again(n - 1);
	__asm__ volatile("");
}

static void go_deep(void)
{
	again = recurse;
	again(3000);
	__asm__ volatile("");
}

static int raises_deep_down(void)
{
	brood_process *p = brood_start(.call = go_deep);
	brood_process_join(p);
	brood_report *report = brood_process_report(p);
	brood_report_print(report, stdout);
	brood_report_free(report);
	return 0;
}

static void test_calls_that_are_left_out_are_told_of(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_deep_down", NULL, &end);
	const char *told = "Traceback (most recent call last):\n"
			   "  [Not all calls before the last are known]\n";
	assert_non_null(strstr(end.err, told));
	assert_non_null(strstr(end.err, "DepthError\n"));
	assert_non_null(strstr(end.out, told));
	assert_null(strstr(end.err, "in go_deep"));
}

static const role roles[] = {
	ROLE(raises_deep_down),
	ROLE(raises_in_a_child),
	ROLE(raises_in_main),
	ROLE(raises_in_a_thread),
	ROLE(raises_bare),
	ROLE(raises_with_a_log),
	ROLE(raises_in_a_childs_finalizer),
	ROLE(raises_in_a_finalizer),
	ROLE(raises_in_a_childs_handler),
	ROLE(raises_in_a_handler),
	ROLE(raises_without_descriptors),
	ROLE(raises_twice),
	ROLE(raises_and_starts),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_traceback_of_a_child),
		TEST(test_traceback_of_main),
		TEST(test_a_thread_may_raise),
		TEST(test_tracebacks_begin_in_what_the_library_calls),
		TEST(test_a_frame_without_descriptors),
		TEST(test_both_errors_of_a_child_are_told),
		TEST(test_an_error_is_told_once),
		TEST(test_no_type_no_message),
		TEST(test_calls_that_are_left_out_are_told_of),
		TEST(test_the_traceback_stands_after_the_shutdown),
	};
	int status = HARNESS_MAIN(argc, argv, roles, tests);
	__asm__ volatile(""); /* no tail call: main is to be on the stack */
	return status;
}
