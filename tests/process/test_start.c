/* SPDX-License-Identifier: MIT */
/* What a started process finds: its target, arguments, identity, streams and signals. */

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct job {
	int id;
	const char *path;
	notes *results;
} job;
BROOD_TYPE(job, id, path, BROOD_SHARED(results));

/* Runs a process to its end and gives its exit code. */
static int run_to_end(brood_process *p)
{
	assert_non_null(p);
	assert_int_equal(brood_process_join(p), 0);
	int code = brood_process_exitcode(p);
	brood_process_free(p);
	return code;
}

static void with_number(void *arg)
{
	note(*(int *)arg);
}

static void with_string(void *arg)
{
	note(strcmp(arg, "hello") == 0);
}

static void with_job(void *arg)
{
	const job *j = arg;
	note(j->id);
	note(strcmp(j->path, "a.txt") == 0);
	note(j->results == noted);
}

static void with_nothing(void *arg)
{
	note(arg == NULL);
}

static void test_arguments(void **state)
{
	(void)state;
	char text[] = "hello";
	brood_process *p = brood_process_new(.target = with_string, .args = BROOD_VALUE(text));
	strcpy(text, "gone!"); /* copied when the process is made */
	assert_int_equal(brood_process_start(p), 0);
	assert_int_equal(run_to_end(p), 0);
	assert_int_equal(run_to_end(brood_start(.target = with_number, .args = BROOD_VALUE(42))),
			 0);
	assert_int_equal(run_to_end(brood_start(.target = with_job,
						.args = BROOD_ARGS(job, .id = 3, .path = "a.txt",
								   .results = noted))),
			 0);
	assert_int_equal(run_to_end(brood_start(.target = with_nothing)), 0);
	const int expected[] = {1, 42, 3, 1, 1, 1};
	assert_int_equal(noted->count, 6);
	for (int i = 0; i < 6; i++)
		assert_int_equal(noted->value[i], expected[i]);
}

static void test_unpicklable_argument_is_refused_when_made(void **state)
{
	(void)state;
	notes local;
	assert_null(
		brood_process_new(.target = with_job, .args = BROOD_ARGS(job, .results = &local)));
	assert_int_equal(errno, EINVAL);
	assert_sentence("results");
}

static int private_number = 1;

static void with_borrowed(void *arg)
{
	note(arg == &private_number && private_number == 2);
}

static void test_borrowed_pointer(void **state)
{
	(void)state;
	private_number = 2;
	assert_int_equal(run_to_end(brood_start(.target = with_borrowed,
						.args = BROOD_BORROW(&private_number),
						.start_method = "fork")),
			 0);
	assert_int_equal(noted->value[0], 1);
}

static void arguments_leave_no_block(void)
{
	for (int i = 0; i < 20; i++)
		run_to_end(brood_start(.target = with_string, .args = BROOD_VALUE("hello")));
	noted->count = 0;
}

static void test_nothing_stays_in_the_heap(void **state)
{
	(void)state;
	brood_heap_stats before, after;
	arguments_leave_no_block();
	brood_heap_stats_get(&before);
	arguments_leave_no_block();
	brood_heap_stats_get(&after);
	assert_int_equal(after.blocks, before.blocks);
	assert_int_equal(after.owned, before.owned);
	assert_int_equal(brood_heap_check(stderr), 0);
}

static void run_subclass(brood_process *self)
{
	note(self == brood_current_process());
	note(strcmp(brood_process_name(self), "Worker-") > 0);
	note(*(int *)brood_process_arg(self));
	note(strstr(brood_process_repr(self), "<Worker(Worker-") != NULL);
	note(strstr(brood_process_repr(self), ", started)>") != NULL);
}

static void test_subclass(void **state)
{
	(void)state;
	brood_process *p =
		brood_start(.class_name = "Worker", .run = run_subclass, .args = BROOD_VALUE(7));
	assert_int_equal(run_to_end(p), 0);
	const int expected[] = {1, 1, 7, 1, 1};
	for (int i = 0; i < 5; i++)
		assert_int_equal(noted->value[i], expected[i]);
}

static void test_no_target_at_all(void **state)
{
	(void)state;
	assert_int_equal(run_to_end(brood_start()), 0);
}

static void who_am_i(void *arg)
{
	pid_t parent = *(pid_t *)arg;
	brood_process *self = brood_current_process();
	char comm[16];
	prctl(PR_GET_NAME, comm);
	note(brood_process_pid(self) == getpid());
	note(strcmp(brood_name(), "a rather long name") == 0);
	note(strcmp(comm, "a rather long n") == 0);
	note(brood_process_is_alive(self));
	note(brood_process_exitcode(self) == BROOD_NO_EXITCODE);
	note(brood_process_join(self) == -EINVAL);
	note(brood_process_start(self) == -EINVAL);
	note(brood_active_children(NULL, 0) == 0);
	brood_process *up = brood_parent_process();
	note(up && brood_process_pid(up) == parent && getppid() == parent);
	note(strcmp(brood_process_name(up), "MainProcess") == 0);
	note(brood_process_is_alive(up));
	note(brood_process_join_timed(up, 0.01) == -ETIMEDOUT);
	note(brood_process_start(up) == -EINVAL && brood_process_terminate(up) == -EINVAL);
	note(strcmp(brood_process_repr(up), "<_ParentProcess(MainProcess, unknown)>") == 0);
	brood_process_set_name(self, "other");
	note(strcmp(brood_name(), "other") == 0);
}

static void test_identity(void **state)
{
	(void)state;
	pid_t me = getpid();
	brood_process *p = brood_start(.target = who_am_i, .args = BROOD_VALUE(me),
				       .name = "a rather long name");
	pid_t pid = brood_process_pid(p);
	assert_true(pid > 0);
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_pid(p), pid);
	assert_string_equal(brood_process_name(p), "a rather long name");
	brood_process_free(p);
	assert_int_equal(noted->count, 15);
	for (int i = 0; i < 15; i++)
		if (noted->value[i] != 1)
			fail_msg("note %d of the child's is false", i);
}

static void say_names(int depth)
{
	brood_process *p = brood_process_new();
	const char *self = strchr(brood_name(), '-') + 1;
	const char *child = strchr(brood_process_name(p), '-') + 1;
	note(strncmp(child, self, strlen(self)) == 0 && strcmp(child + strlen(self), ":1") == 0);
	brood_process_free(p);
	(void)depth;
}

static void grandchild(void)
{
	say_names(2);
}

static void child(void)
{
	say_names(1);
	brood_process *p = brood_start(.call = grandchild);
	note(strstr(brood_process_name(p), ":2") != NULL);
	brood_process_join(p);
	brood_process_free(p);
}

static void test_nested_names(void **state)
{
	(void)state;
	assert_int_equal(run_to_end(brood_start(.call = child)), 0);
	assert_int_equal(noted->count, 3);
	assert_int_equal(noted->value[0] + noted->value[1] + noted->value[2], 3);
}

static void look_at_sibling(void)
{
	brood_process *sibling = noted->look;
	note(!brood_process_is_alive(sibling) && errno == EINVAL);
	note(brood_process_join(sibling) == -EINVAL);
	note(strstr(brood_error(), "can only join a child process") != NULL);
	note(brood_process_start(sibling) == -EINVAL);
	note(brood_process_exitcode(sibling) == BROOD_NO_EXITCODE);
	note(strcmp(brood_process_repr(sibling), "<Process(sibling, unknown daemon)>") == 0);
	note(brood_process_set_name(sibling, "x") == -EINVAL);
	brood_process_free(sibling); /* does nothing here */
	note(brood_process_kill(sibling) == 0);
}

static void sleep_long(void)
{
	brood_sleep(60);
}

static void test_objects_of_others(void **state)
{
	(void)state;
	brood_process *sibling = brood_start(.call = sleep_long, .name = "sibling", .daemon = true);
	noted->look = sibling;
	assert_int_equal(run_to_end(brood_start(.call = look_at_sibling)), 0);
	for (int i = 0; i < 8; i++)
		if (noted->value[i] != 1)
			fail_msg("note %d of the child's is false", i);
	assert_int_equal(noted->count, 8);
	assert_int_equal(run_to_end(sibling), -SIGKILL);
}

static void handled(int signal)
{
	(void)signal;
}

static void look_at_signals(void)
{
	struct sigaction action;
	sigaction(SIGUSR1, NULL, &action);
	note(action.sa_handler == handled);
	sigset_t mask;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	note(sigismember(&mask, SIGUSR2) == 1);
	note(sigismember(&mask, SIGTERM) == 0);
}

static void test_signals_are_as_fork_leaves_them(void **state)
{
	(void)state;
	sigset_t block, before;
	sigemptyset(&block);
	sigaddset(&block, SIGUSR2);
	sigprocmask(SIG_BLOCK, &block, &before);
	signal(SIGUSR1, handled);
	assert_int_equal(run_to_end(brood_start(.call = look_at_signals, .start_method = "fork")),
			 0);
	signal(SIGUSR1, SIG_DFL);
	sigset_t after;
	sigprocmask(SIG_SETMASK, &before, &after);
	assert_int_equal(sigismember(&after, SIGUSR2), 1);
	assert_int_equal(sigismember(&after, SIGTERM), 0);
	assert_int_equal(noted->value[0] + noted->value[1] + noted->value[2], 3);
}

static void read_stdin(void)
{
	char c;
	note(getchar());
	note((int)read(STDIN_FILENO, &c, 1));
}

static int reads_after_its_child(void)
{
	char line[40];
	notes_open();
	if (!fgets(line, sizeof(line), stdin)) /* reads ahead */
		return 1;
	run_to_end(brood_start(.call = read_stdin));
	printf("%s%d %d\n", line, noted->value[0], noted->value[1]);
	if (!fgets(line, sizeof(line), stdin))
		return 2;
	printf("%s", line);
	return 0;
}

static void test_standard_input_is_empty(void **state)
{
	(void)state;
	outcome end;
	run_role("reads_after_its_child", "first\nsecond\n", &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "first\n-1 0\nsecond\n");
}

static int starts_without_streams(void)
{
	int log = dup(STDOUT_FILENO);
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	notes_open();
	run_to_end(brood_start(.target = with_number, .args = BROOD_VALUE(5)));
	return dprintf(log, "%d\n", noted->value[0]) != 2;
}

static void test_closed_standard_streams(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_without_streams", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "5\n");
}

static void print_child(void)
{
	puts("child");
}

static int prints_around_a_start(void)
{
	FILE *log = fdopen(dup(STDERR_FILENO), "w");
	printf("before ");
	fprintf(log, "once\n");
	run_to_end(brood_start(.call = print_child));
	printf("after\n");
	return 0;
}

static void test_nothing_is_written_twice(void **state)
{
	(void)state;
	outcome end;
	run_role("prints_around_a_start", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "before child\nafter\n");
	assert_string_equal(end.err, "once\n");
}

__attribute__((visibility("default"))) void imported(void *arg);
void imported(void *arg)
{
	note(arg ? *(int *)arg : -1);
}

static void test_import_from_the_program(void **state)
{
	(void)state;
	assert_int_equal(run_to_end(brood_start(.import = "imported", .args = BROOD_VALUE(9))), 0);
	assert_int_equal(noted->value[0], 9);
}

static void test_start_twice(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = grandchild);
	brood_process_join(p);
	noted->count = 0;
	assert_int_equal(brood_process_start(p), -EINVAL);
	assert_sentence("cannot start a process twice");
	brood_process_close(p);
	brood_process_free(p);
}

static void test_detached(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_non_null(brood_start(.target = with_number, .args = BROOD_VALUE(i),
					    .detached = true));
	assert_int_equal(brood_active_children(NULL, 0), 0);
	brood_forkserver_stop(); /* a child, too, that would not end */
	siginfo_t info;
	while (waitid(P_ALL, 0, &info, WEXITED | WNOWAIT) == 0)
		brood_active_children(NULL, 0); /* reaps */
	assert_int_equal(noted->count, 5);
}

static const role roles[] = {
	ROLE(reads_after_its_child),
	ROLE(starts_without_streams),
	ROLE(prints_around_a_start),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_arguments),
		TEST(test_unpicklable_argument_is_refused_when_made),
		TEST(test_borrowed_pointer),
		TEST(test_nothing_stays_in_the_heap),
		TEST(test_subclass),
		TEST(test_no_target_at_all),
		TEST(test_identity),
		TEST(test_nested_names),
		TEST(test_objects_of_others),
		TEST(test_signals_are_as_fork_leaves_them),
		TEST(test_standard_input_is_empty),
		TEST(test_closed_standard_streams),
		TEST(test_nothing_is_written_twice),
		TEST(test_import_from_the_program),
		TEST(test_start_twice),
		TEST(test_detached),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
