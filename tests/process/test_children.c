/* SPDX-License-Identifier: MIT */
/* Many children, and children that are none of brood's business. */

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_long(void)
{
	brood_sleep(60);
}

static void nothing(void) {}

static void test_active_children(void **state)
{
	(void)state;
	brood_process *p[3], *listed[8];
	for (int i = 0; i < 3; i++)
		p[i] = brood_start(.call = sleep_long, .daemon = i == 1);
	assert_int_equal(brood_active_children(listed, 8), 3);
	for (int i = 0; i < 3; i++) {
		assert_true(listed[i] == p[0] || listed[i] == p[1] || listed[i] == p[2]);
		brood_process_unref(listed[i]);
	}
	assert_int_equal(brood_active_children(listed, 1), 3);
	brood_process_unref(listed[0]);
	brood_process_kill(p[1]);
	brood_process_join(p[1]);
	assert_int_equal(brood_active_children(NULL, 0), 2);
	brood_process_kill(p[0]);
	wait_gone(brood_process_pid(p[0]));
	assert_int_equal(brood_active_children(NULL, 0), 1); /* reaped by asking */
	brood_process_kill(p[2]);
	brood_process_join(p[2]);
	assert_int_equal(brood_active_children(NULL, 0), 0);
	for (int i = 0; i < 3; i++)
		brood_process_free(p[i]);
}

static void test_a_reference_outlives_the_free(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = sleep_long, .name = "kept");
	brood_process *listed;
	assert_int_equal(brood_active_children(&listed, 1), 1);
	brood_process_kill(p);
	brood_process_join(p);
	brood_process_free(p);
	assert_string_equal(brood_process_name(listed), "kept");
	assert_int_equal(brood_process_exitcode(listed), -SIGKILL);
	brood_process_unref(listed);
}

static bool is_zombie(pid_t pid)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT | WNOHANG) == 0 &&
	       info.si_pid == pid;
}

static void test_each_start_reaps(void **state)
{
	(void)state;
	brood_process *ended = brood_start(.call = nothing);
	pid_t pid = brood_process_pid(ended);
	wait_gone(pid);
	assert_true(is_zombie(pid));
	brood_process *other = brood_start(.call = nothing);
	assert_false(is_zombie(pid));
	assert_int_equal(brood_process_exitcode(ended), 0);
	brood_process_join(other);
	brood_process_free(ended);
	brood_process_free(other);
}

static void test_children_of_the_program_are_left_alone(void **state)
{
	(void)state;
	pid_t foreign = fork();
	if (foreign == 0)
		_exit(9);
	wait_gone(foreign);
	/* A zombie that is not brood's stands in front of one that is. */
	brood_process *p = brood_start(.call = nothing);
	wait_gone(brood_process_pid(p));
	assert_int_equal(brood_active_children(NULL, 0), 0);
	assert_int_equal(brood_process_join(p), 0);
	brood_process_free(p);
	int status;
	assert_int_equal(waitpid(foreign, &status, WNOHANG), foreign);
	assert_int_equal(WEXITSTATUS(status), 9);
}

static void test_a_thousand_starts(void **state)
{
	(void)state;
	brood_heap_stats before, after;
	brood_process *first = brood_start(); /* makes what a server keeps */
	brood_process_join(first);
	brood_process_free(first);
	brood_heap_stats_get(&before);
	for (int i = 0; i < 1000; i++) {
		brood_process *p = brood_start(.call = nothing);
		assert_non_null(p);
		assert_int_equal(brood_process_join(p), 0);
		assert_int_equal(brood_process_exitcode(p), 0);
		brood_process_free(p);
	}
	brood_heap_stats_get(&after);
	assert_int_equal(after.blocks, before.blocks);
}

static void test_two_hundred_at_once(void **state)
{
	(void)state;
	brood_process *p[200];
	for (int i = 0; i < 200; i++)
		assert_non_null(p[i] = brood_start(.call = sleep_long, .daemon = true));
	assert_int_equal(brood_active_children(NULL, 0), 200);
	for (int i = 0; i < 200; i++)
		brood_process_terminate(p[i]);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(brood_process_join(p[i]), 0);
		assert_int_equal(brood_process_exitcode(p[i]), -SIGTERM);
		brood_process_free(p[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_active_children),   TEST(test_a_reference_outlives_the_free),
		TEST(test_each_start_reaps),  TEST(test_children_of_the_program_are_left_alone),
		TEST(test_a_thousand_starts), TEST(test_two_hundred_at_once),
	};
	return HARNESS_RUN(tests);
}
