/* SPDX-License-Identifier: MIT */
/* A daemon dies with its parent, however that dies; others do not. */

#include "harness.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_long(void)
{
	brood_sleep(60);
}

static void daemon_with_children(void)
{
	brood_process *p = brood_start(.call = sleep_long); /* a daemon, as its maker is */
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	sleep_long();
}

static void daemon_with_a_stubborn_child(void)
{
	brood_process *p = brood_start(.call = sleep_long, .daemon = BROOD_NO);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	sleep_long();
}

/* The daemon is terminated at the end; what it has started, daemonic or not, goes with it. */
static int leaves_a_tree(void)
{
	brood_process *p = brood_start(.call = daemon_with_a_stubborn_child, .daemon = true);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	return getchar() == EOF ? 1 : 0;
}

static int starts_a_tree(void)
{
	brood_process *p = brood_start(.call = daemon_with_children, .daemon = true);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	sleep_long();
	return 0;
}

static void *start_and_end(void *arg)
{
	(void)arg;
	brood_process *p = brood_start(.call = sleep_long, .daemon = true);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	return p;
}

static int starts_in_a_thread(void)
{
	pthread_t thread;
	void *p;
	pthread_create(&thread, NULL, start_and_end, NULL);
	pthread_join(thread, &p);
	/* The thread that started it is gone: the daemon must not have died of that. */
	printf("%d\n", brood_process_join_timed(p, 0.1) < 0 ? 1 : 0);
	fflush(stdout);
	sleep_long();
	return 0;
}

static int starts_with_signals_blocked(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	return starts_a_tree();
}

static void block_all_and_sleep(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	puts("blocked");
	fflush(stdout);
	sleep_long();
}

static void daemon_with_a_blocking_child(void)
{
	brood_process *p = brood_start(.call = block_all_and_sleep);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	sleep_long();
}

static int starts_one_that_blocks(void)
{
	brood_process *p = brood_start(.call = block_all_and_sleep, .daemon = true);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	sleep_long();
	return 0;
}

/* A normal end, by which only the daemon itself is terminated. */
static int leaves_one_that_blocks(void)
{
	brood_start(.call = daemon_with_a_blocking_child, .daemon = true);
	return getchar() == EOF ? 1 : 0;
}

static void *outlive_main_thread(void *process)
{
	brood_process *p = *(brood_process **)process;
	printf("%d\n", brood_process_join_timed(p, 0.3) < 0 ? 1 : 0);
	fflush(stdout);
	return NULL;
}

static int ends_its_main_thread(void)
{
	static brood_process *p;
	pthread_t thread;
	p = brood_start(.call = sleep_long, .daemon = true);
	printf("%d\n", brood_process_pid(p));
	fflush(stdout);
	pthread_create(&thread, NULL, outlive_main_thread, &p);
	pthread_exit(NULL);
}

static int read_number(FILE *from)
{
	int number = -1;
	assert_int_equal(fscanf(from, "%d", &number), 1);
	return number;
}

static void test_a_tree_of_daemons_dies_with_its_root(void **state)
{
	(void)state;
	int fd;
	pid_t root = start_role("starts_a_tree", &fd);
	FILE *out = fdopen(fd, "r");
	pid_t child = read_number(out), grandchild = read_number(out);
	assert_int_equal(kill(child, 0), 0);
	assert_int_equal(kill(grandchild, 0), 0);
	kill(root, SIGKILL);
	wait_gone(child);
	wait_gone(grandchild);
	waitpid(root, NULL, 0);
	fclose(out);
}

static void test_blocked_signals_keep_no_daemon_alive(void **state)
{
	(void)state;
	int fd;
	pid_t root = start_role("starts_with_signals_blocked", &fd);
	FILE *out = fdopen(fd, "r");
	pid_t child = read_number(out), grandchild = read_number(out);
	kill(root, SIGKILL);
	wait_gone(child);
	wait_gone(grandchild);
	waitpid(root, NULL, 0);
	fclose(out);
}

/* One that goes on when it reads a line, from *ret_in. */
static pid_t start_waiting_role(const char *name, int *ret_out, int *ret_in)
{
	int ends[2], in = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	dup2(ends[0], STDIN_FILENO);
	pid_t root = start_role(name, ret_out);
	dup2(in, STDIN_FILENO);
	close(in);
	close(ends[0]);
	*ret_in = ends[1];
	return root;
}

/* The pid and the word that it is blocking come in any order. */
static pid_t read_blocking(FILE *out)
{
	char line[2][40];
	assert_non_null(fgets(line[0], sizeof(line[0]), out));
	assert_non_null(fgets(line[1], sizeof(line[1]), out));
	return atoi(line[strcmp(line[0], "blocked\n") == 0]);
}

static void test_one_that_blocks_all_signals_dies_with_a_killed_parent(void **state)
{
	(void)state;
	int fd;
	pid_t root = start_role("starts_one_that_blocks", &fd);
	FILE *out = fdopen(fd, "r");
	pid_t child = read_blocking(out);
	assert_int_equal(kill(child, 0), 0);
	kill(root, SIGKILL);
	wait_gone(child);
	waitpid(root, NULL, 0);
	fclose(out);
}

static void test_a_daemons_child_that_blocks_all_signals_dies_with_it(void **state)
{
	(void)state;
	int fd, in, status;
	pid_t root = start_waiting_role("leaves_one_that_blocks", &fd, &in);
	FILE *out = fdopen(fd, "r");
	pid_t grandchild = read_blocking(out);
	assert_int_equal(write(in, "\n", 1), 1);
	wait_gone(grandchild);
	waitpid(root, &status, 0);
	assert_int_equal(status, 0);
	close(in);
	fclose(out);
}

static void test_the_end_of_the_main_thread_is_survived(void **state)
{
	(void)state;
	if (UNDER_TSAN)
		skip();
	int fd, status;
	pid_t root = start_role("ends_its_main_thread", &fd);
	FILE *out = fdopen(fd, "r");
	pid_t child = read_number(out);
	assert_int_equal(read_number(out), 1);
	/* The last thread's end is the program's, which terminates its daemons. */
	waitpid(root, &status, 0);
	assert_int_equal(status, 0);
	wait_gone(child);
	fclose(out);
}

static void test_nothing_of_a_daemons_tree_is_orphaned(void **state)
{
	(void)state;
	int fd, in, status;
	pid_t root = start_waiting_role("leaves_a_tree", &fd, &in);
	FILE *out = fdopen(fd, "r");
	pid_t child = read_number(out), grandchild = read_number(out);
	assert_int_equal(write(in, "\n", 1), 1);
	wait_gone(child);
	wait_gone(grandchild);
	waitpid(root, &status, 0);
	assert_int_equal(status, 0);
	close(in);
	fclose(out);
}

static void test_the_end_of_the_starting_thread_is_survived(void **state)
{
	(void)state;
	if (UNDER_TSAN)
		skip();
	int fd;
	pid_t root = start_role("starts_in_a_thread", &fd);
	FILE *out = fdopen(fd, "r");
	pid_t child = read_number(out);
	assert_int_equal(read_number(out), 1);
	assert_int_equal(kill(child, 0), 0);
	kill(root, SIGKILL);
	wait_gone(child);
	waitpid(root, NULL, 0);
	fclose(out);
}

static void wait_for_end_of_input(void)
{
	/* The pipe's other end is the test's: it ends when the test is content. */
	brood_sleep(0.3);
	puts("outlived");
}

static int starts_a_survivor(void)
{
	brood_start(.call = wait_for_end_of_input);
	raise(SIGKILL);
	return 0;
}

static void test_others_outlive_a_killed_parent(void **state)
{
	(void)state;
	int fd;
	pid_t root = start_role("starts_a_survivor", &fd);
	int status;
	waitpid(root, &status, 0);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	char line[40];
	FILE *out = fdopen(fd, "r");
	assert_non_null(fgets(line, sizeof(line), out));
	assert_string_equal(line, "outlived\n");
	fclose(out);
}

static void make_children(void)
{
	brood_process *p = brood_process_new();
	brood_process *n = brood_process_new(.daemon = BROOD_NO);
	note(brood_process_daemon(p));
	note(brood_process_daemon(n));
	brood_process *q = brood_start();
	note(brood_process_join(q));
}

static void test_daemons_may_have_children_and_pass_the_flag_on(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = make_children, .daemon = true);
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), 0);
	assert_int_equal(noted->count, 3);
	assert_int_equal(noted->value[0], 1);
	assert_int_equal(noted->value[1], 0);
	assert_int_equal(noted->value[2], 0);
	assert_int_equal(brood_process_set_daemon(p, false), -EINVAL);
	assert_sentence("process has already started");
	brood_process_free(p);
}

static void ask_the_parent(void *arg)
{
	int fd = *(int *)arg;
	brood_process *up = brood_parent_process();
	brood_process_join(up);
	dprintf(fd, "parent %s\n", brood_process_is_alive(up) ? "alive" : "ended");
}

static int starts_a_watcher(void)
{
	int fd = STDOUT_FILENO;
	brood_start(.target = ask_the_parent, .args = BROOD_VALUE(fd));
	brood_sleep(0.05);
	raise(SIGKILL);
	return 0;
}

static void test_a_child_can_wait_for_its_parent(void **state)
{
	(void)state;
	int fd;
	pid_t root = start_role("starts_a_watcher", &fd);
	waitpid(root, NULL, 0);
	char line[40];
	FILE *out = fdopen(fd, "r");
	assert_non_null(fgets(line, sizeof(line), out));
	assert_string_equal(line, "parent ended\n");
	fclose(out);
}

static const role roles[] = {
	ROLE(starts_a_tree),
	ROLE(leaves_a_tree),
	ROLE(starts_with_signals_blocked),
	ROLE(starts_one_that_blocks),
	ROLE(leaves_one_that_blocks),
	ROLE(ends_its_main_thread),
	ROLE(starts_in_a_thread),
	ROLE(starts_a_survivor),
	ROLE(starts_a_watcher),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_tree_of_daemons_dies_with_its_root),
		TEST(test_blocked_signals_keep_no_daemon_alive),
		TEST(test_one_that_blocks_all_signals_dies_with_a_killed_parent),
		TEST(test_a_daemons_child_that_blocks_all_signals_dies_with_it),
		TEST(test_the_end_of_the_main_thread_is_survived),
		TEST(test_nothing_of_a_daemons_tree_is_orphaned),
		TEST(test_the_end_of_the_starting_thread_is_survived),
		TEST(test_others_outlive_a_killed_parent),
		TEST(test_daemons_may_have_children_and_pass_the_flag_on),
		TEST(test_a_child_can_wait_for_its_parent),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
