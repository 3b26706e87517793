/* SPDX-License-Identifier: MIT */
/* The end of a process from inside: the order of handlers and lines, what is flushed, and who is a
 * stranger. */

#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_to_end(brood_process *p)
{
	if (!p)
		exit(99);
	brood_process_join(p);
	brood_process_free(p);
}

static void parents_handler(void)
{
	printf("parent's handler in %s\n", brood_name());
}

static void childs_handler(void)
{
	printf("child's handler in %s\n", brood_name());
}

static void final(void *arg)
{
	printf("%s in %s\n", (const char *)arg, brood_name());
}

static void child_with_handlers(void)
{
	atexit(childs_handler);
	brood_finalizer_new(final, "finalizer 1", 1);
	brood_finalizer_new(final, "finalizer -1", -1);
	exit(3);
}

static int registers_handlers(void)
{
	atexit(parents_handler);
	brood_finalizer_new(final, "main's finalizer", 0);
	brood_process *p = brood_start(.call = child_with_handlers, .name = "c");
	brood_process_join(p);
	printf("%d\n", brood_process_exitcode(p));
	return 5;
}

static void test_handlers_of_parent_and_child(void **state)
{
	(void)state;
	outcome end;
	run_role("registers_handlers", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 5);
	assert_string_equal(end.out, "child's handler in c\n"
				     "finalizer 1 in c\n"
				     "finalizer -1 in c\n"
				     "3\n"
				     "parent's handler in MainProcess\n"
				     "main's finalizer in MainProcess\n");
}

static void nothing(void) {}

/* In each process that is told to by the environment. */
__attribute__((destructor)) static void destructor(void)
{
	if (getenv("WITH_DESTRUCTOR"))
		printf("destructor in %s\n", brood_name());
}

static void forks_with_handlers(void)
{
	atexit(childs_handler);
	brood_process *p = brood_start(.call = nothing, .name = "g", .start_method = "fork");
	brood_process_join(p);
}

static int starts_one_with_handlers(void)
{
	setenv("WITH_DESTRUCTOR", "1", 1);
	brood_process_join(brood_start(.call = forks_with_handlers, .name = "c"));
	unsetenv("WITH_DESTRUCTOR");
	return 0;
}

/* A program run anew finishes exit(); a copy of another process leaves what it inherited to that
 * one, also if that one was run anew. */
static void test_destructors_run_where_the_constructors_ran(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_one_with_handlers", NULL, &end);
	assert_int_equal(end.status, 0);
	bool spawned = strcmp(getenv("BROOD_START_METHOD"), "spawn") == 0;
	assert_string_equal(end.out, spawned ? "child's handler in c\ndestructor in c\n"
					     : "child's handler in c\n");
}

static void chatter(void)
{
	printf("lost unless flushed");
}

static void chatter_and_exit(void)
{
	printf(" kept");
	exit(0);
}

static void chatter_in_a_file(void)
{
	FILE *file = fdopen(dup(STDERR_FILENO), "w");
	fprintf(file, "never closed\n");
}

static void chatter_and_die(void)
{
	printf("not me");
	raise(SIGKILL);
}

static int children_leave_output(void)
{
	run_to_end(brood_start(.call = chatter));
	run_to_end(brood_start(.call = chatter_and_exit));
	run_to_end(brood_start(.call = chatter_in_a_file));
	run_to_end(brood_start(.call = chatter_and_die));
	return 0;
}

static void test_output_is_flushed_unless_killed(void **state)
{
	(void)state;
	outcome end;
	run_role("children_leave_output", NULL, &end);
	assert_string_equal(end.out, "lost unless flushed kept");
	assert_string_equal(end.err, "never closed\n");
}

static void slow_words(void)
{
	brood_sleep(0.2);
	puts("child done");
}

static void slow_daemon(void)
{
	brood_sleep(60);
	puts("never");
}

static int leaves_children(void)
{
	brood_start(.call = slow_words);
	brood_start(.call = slow_daemon, .daemon = true);
	brood_start(.call = slow_words, .detached = true);
	return 0;
}

static void test_main_waits_for_children_not_for_daemons(void **state)
{
	(void)state;
	outcome end;
	run_role("leaves_children", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "child done\nchild done\n");
}

static int leaves_a_stopped_daemon(void)
{
	brood_process *p = brood_start(.call = slow_daemon, .daemon = true);
	brood_process_signal(p, SIGSTOP);
	siginfo_t info;
	return waitid(P_PID, (id_t)brood_process_pid(p), &info, WSTOPPED);
}

static void test_a_stopped_daemon_does_not_hold_up_the_end(void **state)
{
	(void)state;
	outcome end;
	run_role("leaves_a_stopped_daemon", NULL, &end);
	assert_int_equal(end.status, 0);
}

static void middle(void)
{
	brood_start(.call = slow_words);
	brood_start(.call = slow_daemon, .daemon = true);
}

static int leaves_grandchildren(void)
{
	brood_process *p = brood_start(.call = middle);
	brood_process_join(p);
	puts("middle joined its own");
	return brood_process_exitcode(p);
}

static void test_a_child_joins_its_own_children(void **state)
{
	(void)state;
	outcome end;
	run_role("leaves_grandchildren", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "child done\nmiddle joined its own\n");
}

static int forks_by_itself(void)
{
	atexit(parents_handler);
	brood_process *p = brood_start(.call = slow_daemon, .daemon = true);
	fflush(stdout);
	pid_t stranger = fork();
	if (stranger == 0) {
		/* exit() here must not terminate or join what is the parent's */
		if (brood_process_join(p) != -EINVAL || brood_active_children(NULL, 0) != 0)
			_exit(1);
		exit(0);
	}
	int status;
	waitpid(stranger, &status, 0);
	printf("%d %d\n", status, brood_process_is_alive(p));
	return 0;
}

static void test_a_bare_forked_child_is_a_stranger(void **state)
{
	(void)state;
	outcome end;
	run_role("forks_by_itself", NULL, &end);
	assert_string_equal(end.out, "parent's handler in MainProcess\n"
				     "0 1\n"
				     "parent's handler in MainProcess\n");
}

static void target_forks(void)
{
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		exit(4); /* in the target's own child: not the target's end */
	int status;
	waitpid(pid, &status, 0);
	printf("%d\n", WEXITSTATUS(status));
	exit(6);
}

static int starts_a_forking_target(void)
{
	brood_process *p = brood_start(.call = target_forks);
	brood_process_join(p);
	printf("%d\n", brood_process_exitcode(p));
	return 0;
}

static void test_a_target_may_fork(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_a_forking_target", NULL, &end);
	assert_string_equal(end.out, "4\n6\n");
}

static int shows_the_log(void)
{
	brood_log_to_stderr(BROOD_LOG_DEBUG);
	run_to_end(brood_start(.call = chatter_and_exit, .name = "c"));
	brood_start(.call = slow_daemon, .name = "d", .daemon = true);
	return 0;
}

static void test_the_log_of_both_ends(void **state)
{
	(void)state;
	outcome end;
	run_role("shows_the_log", NULL, &end);
	const char *childs = "[INFO/c] child process calling self.run()\n"
			     "[INFO/c] process shutting down\n"
			     "[DEBUG/c] running all \"atexit\" finalizers with priority >= 0\n"
			     "[DEBUG/c] running the remaining \"atexit\" finalizers\n"
			     "[INFO/c] process exiting with exitcode 0\n";
	assert_memory_equal(end.err, childs, strlen(childs));
	/* The daemon may or may not have begun. */
	assert_non_null(strstr(
		end.err,
		"[INFO/MainProcess] process shutting down\n"
		"[DEBUG/MainProcess] running all \"atexit\" finalizers with priority >= 0\n"));
	const char *terminates = "[INFO/MainProcess] calling terminate() for daemon d\n";
	const char *joins = "[INFO/MainProcess] calling join() for process d\n";
	const char *at = strstr(end.err, terminates);
	assert_non_null(at);
	at += strlen(terminates);
	if (strncmp(at, joins, strlen(joins)) == 0) /* unless it has ended by then */
		at += strlen(joins);
	assert_string_equal(at,
			    "[DEBUG/MainProcess] running the remaining \"atexit\" finalizers\n");
}

static int exits_quickly(void)
{
	brood_start(.call = slow_daemon, .daemon = true);
	brood_start(.call = slow_words);
	quick_exit(8);
}

static void test_quick_exit_of_main_joins_too(void **state)
{
	(void)state;
	outcome end;
	run_role("exits_quickly", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 8);
	assert_string_equal(end.out, "child done\n");
}

static void say_exiting(void *arg)
{
	(void)arg;
	printf("%d\n", brood_is_exiting());
}

static int asks_whether_it_exits(void)
{
	printf("%d\n", brood_is_exiting());
	brood_finalizer_new(say_exiting, NULL, 0);
	return 0;
}

static void test_is_exiting(void **state)
{
	(void)state;
	outcome end;
	run_role("asks_whether_it_exits", NULL, &end);
	assert_string_equal(end.out, "0\n1\n");
}

static void exit_in_finalizer(void *arg)
{
	(void)arg;
	exit(7);
}

static void child_exits_in_a_finalizer(void)
{
	printf("unflushed ");
	brood_finalizer_new(final, "behind", -1);
	brood_finalizer_new(exit_in_finalizer, NULL, 1);
}

static int exits_in_finalizers(void)
{
	atexit(parents_handler);
	brood_process *p = brood_start(.call = child_exits_in_a_finalizer, .name = "c");
	brood_process_join(p);
	printf("%d\n", brood_process_exitcode(p));
	brood_start(.call = slow_words);
	brood_finalizer_new(final, "behind", -1);
	brood_finalizer_new(exit_in_finalizer, NULL, 1);
	return 0;
}

static void test_exit_in_a_finalizer(void **state)
{
	(void)state;
	outcome end;
	run_role("exits_in_finalizers", NULL, &end);
	assert_int_equal(WEXITSTATUS(end.status), 7);
	assert_string_equal(end.out, "unflushed behind in c\n7\nchild done\n"
				     "parent's handler in MainProcess\nbehind in MainProcess\n");
}

static void *raise_after_a_while(void *arg)
{
	brood_sleep(0.1);
	brood_raise("LateError", "while the process ends");
	return arg;
}

static void returns_with_a_thread_and_a_child(void)
{
	pthread_t thread;
	printf("output\n");
	brood_start(.call = slow_words);
	pthread_create(&thread, NULL, raise_after_a_while, NULL);
}

static int raises_while_ending(void)
{
	atexit(parents_handler);
	brood_process *p = brood_start(.call = returns_with_a_thread_and_a_child);
	brood_process_join(p);
	printf("%d\n", brood_process_exitcode(p));
	return 0;
}

static void test_a_thread_that_raises_while_the_process_ends(void **state)
{
	(void)state;
	if (UNDER_TSAN)
		skip();
	outcome end;
	run_role("raises_while_ending", NULL, &end);
	assert_non_null(strstr(end.err, "LateError: while the process ends\n"));
	assert_string_equal(end.out, "output\nchild done\n1\nparent's handler in MainProcess\n");
}

static int leaves_three(void)
{
	brood_log_to_stderr(BROOD_LOG_INFO);
	for (int i = 0; i < 3; i++)
		brood_start(.call = slow_words);
	return 0;
}

static void test_every_child_waited_for_is_named(void **state)
{
	(void)state;
	outcome end;
	run_role("leaves_three", NULL, &end);
	for (int i = 1; i <= 3; i++) {
		char line[80];
		snprintf(line, sizeof(line),
			 "[INFO/MainProcess] calling join() for process Process-%d\n", i);
		assert_non_null(strstr(end.err, line));
	}
}

static void start_late(void *arg)
{
	(void)arg;
	brood_start(.call = slow_daemon, .daemon = true);
	brood_start(.call = slow_words);
}

static void child_starts_in_a_finalizer(void)
{
	brood_finalizer_new(start_late, NULL, -1);
}

static int starts_in_finalizers(void)
{
	run_to_end(brood_start(.call = child_starts_in_a_finalizer));
	puts("joined");
	fflush(stdout);
	brood_finalizer_new(start_late, NULL, -1);
	return 0;
}

static void test_what_a_last_finalizer_starts_is_joined(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_in_finalizers", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "child done\njoined\nchild done\n");
}

static void *start_until_refused(void *arg)
{
	brood_process *p;
	while ((p = brood_start(.call = nothing)))
		brood_process_free(p);
	fprintf(stderr, "%d %s\n", errno == ECANCELED, brood_error());
	return arg;
}

static pthread_t starter;

static void join_starter(void *arg)
{
	(void)arg;
	pthread_join(starter, NULL);
}

static int ends_beside_a_starter(void)
{
	brood_finalizer_new(join_starter, NULL, 0);
	pthread_create(&starter, NULL, start_until_refused, NULL);
	return 0;
}

static void test_other_threads_start_nothing_when_the_process_ends(void **state)
{
	(void)state;
	outcome end;
	run_role("ends_beside_a_starter", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_non_null(strstr(end.err, "1 cannot start 'Process-"));
	assert_non_null(strstr(end.err, "this process is ending"));
}

static const role roles[] = {
	ROLE(starts_in_finalizers),
	ROLE(ends_beside_a_starter),
	ROLE(exits_in_finalizers),
	ROLE(raises_while_ending),
	ROLE(leaves_three),
	ROLE(registers_handlers),
	ROLE(children_leave_output),
	ROLE(leaves_children),
	ROLE(leaves_a_stopped_daemon),
	ROLE(leaves_grandchildren),
	ROLE(forks_by_itself),
	ROLE(starts_a_forking_target),
	ROLE(shows_the_log),
	ROLE(exits_quickly),
	ROLE(asks_whether_it_exits),
	ROLE(starts_one_with_handlers),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_handlers_of_parent_and_child),
		TEST(test_destructors_run_where_the_constructors_ran),
		TEST(test_output_is_flushed_unless_killed),
		TEST(test_main_waits_for_children_not_for_daemons),
		TEST(test_a_stopped_daemon_does_not_hold_up_the_end),
		TEST(test_a_child_joins_its_own_children),
		TEST(test_a_bare_forked_child_is_a_stranger),
		TEST(test_a_target_may_fork),
		TEST(test_the_log_of_both_ends),
		TEST(test_quick_exit_of_main_joins_too),
		TEST(test_is_exiting),
		TEST(test_exit_in_a_finalizer),
		TEST(test_a_thread_that_raises_while_the_process_ends),
		TEST(test_every_child_waited_for_is_named),
		TEST(test_what_a_last_finalizer_starts_is_joined),
		TEST(test_other_threads_start_nothing_when_the_process_ends),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
