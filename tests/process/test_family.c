/* SPDX-License-Identifier: MIT */
/* Processes that outlive their makers, that fork by themselves, and that hold what is others'. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"

static void wait_until(int stage)
{
	for (int i = 0; noted->stage < stage && i < 20000; i++)
		brood_sleep(0.001);
	if (noted->stage < stage)
		abort();
}

static void leaf(void)
{
	wait_until(1);
	printf("%s, of %s, %s\n", brood_name(), brood_process_name(brood_parent_process()),
	       brood_process_repr(brood_current_process()));
	fflush(stdout);
	noted->stage = 2;
}

static void start_a_leaf_and_go(void)
{
	brood_process *p = brood_process_new(.call = leaf, .daemon = BROOD_NO);
	brood_process_set_name(p, "leaf");
	brood_process_start(p);
	_exit(0);
}

static int makers_go_first(void)
{
	notes_open();
	brood_process *p = brood_start(.call = start_a_leaf_and_go, .name = "middle");
	brood_process_join(p);
	brood_process_free(p);
	/* What the middle one owned has been freed; other things take its place. */
	for (int i = 0; i < 200; i++)
		memset(brood_must(brood_alloc(500)), 'X', 500);
	noted->stage = 1;
	wait_until(2);
	return (int)brood_heap_check(stderr);
}

static void test_a_process_outlives_its_maker(void **state)
{
	(void)state;
	outcome end;
	run_role("makers_go_first", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "leaf, of middle, <Process(leaf, started)>\n");
}

static void sleep_long(void)
{
	brood_sleep(60);
}

static void signal_wrongly(void)
{
	/* A number that is a descriptor here, but of another process than in the parent. */
	brood_process_is_alive(brood_parent_process());
	brood_process *innocent = brood_start(.call = sleep_long, .daemon = true);
	wait_until(1);
	note(brood_process_sentinel(noted->look) == -EINVAL);
	note(brood_process_terminate(noted->look));
	wait_until(2);
	note(brood_process_is_alive(innocent));
	brood_process_kill(innocent);
	brood_process_join(innocent);
	brood_process_terminate(brood_current_process());
	brood_sleep(60);
}

static void test_signals_from_elsewhere_hit_the_one_meant(void **state)
{
	(void)state;
	noted->look = brood_process_new(.call = sleep_long, .name = "later");
	brood_process *p = brood_start(.call = signal_wrongly);
	brood_process_start(noted->look);
	noted->stage = 1;
	assert_int_equal(brood_process_join_timed(noted->look, 20), 0);
	assert_int_equal(brood_process_exitcode(noted->look), -SIGTERM);
	noted->stage = 2;
	assert_int_equal(brood_process_join_timed(p, 20), 0);
	assert_int_equal(brood_process_exitcode(p), -SIGTERM);
	assert_int_equal(noted->value[0], 1);
	assert_int_equal(noted->value[1], 0);
	assert_int_equal(noted->value[2], 1);
	brood_process_free(p);
	brood_process_free(noted->look);
}

static void ask_for_others(void)
{
	wait_until(1);
	note(brood_process_close(noted->look));
	errno = 0;
	note(brood_process_exitcode(noted->look) == BROOD_NO_EXITCODE && errno == EINVAL);
}

static void test_only_the_maker_closes_and_has_the_code(void **state)
{
	(void)state;
	noted->look = brood_start(.call = ask_for_others, .name = "itself");
	noted->stage = 1;
	brood_process_join(noted->look);
	assert_int_equal(noted->value[0], 0); /* of itself a process closes nothing */
	assert_int_equal(noted->value[1], 0);
	brood_process *p = brood_start(.call = ask_for_others);
	brood_process_join(p);
	assert_int_equal(noted->value[2], -EINVAL);
	assert_int_equal(noted->value[3], 1);
	assert_int_equal(brood_process_exitcode(noted->look), 0);
	assert_int_equal(brood_process_close(noted->look), 0);
	brood_process_free(p);
	brood_process_free(noted->look);
}

static void say_final(void *arg)
{
	printf("final %s\n", (const char *)arg);
}

static void say_slowly(void)
{
	brood_sleep(0.1);
	puts("child");
}

static int goes_to_the_background(void)
{
	if (fork() != 0)
		_exit(0);
	setsid();
	brood_finalizer_new(say_final, "one", 0);
	brood_start(.call = say_slowly);
	brood_start(.call = sleep_long, .daemon = true);
	return 0;
}

static void test_a_program_in_the_background_goes_on(void **state)
{
	(void)state;
	int fd;
	char text[100] = "";
	pid_t pid = start_role("goes_to_the_background", &fd);
	FILE *out = fdopen(fd, "r");
	text[fread(text, 1, sizeof(text) - 1, out)] = '\0'; /* to its end: all have ended then */
	waitpid(pid, NULL, 0);
	fclose(out);
	assert_string_equal(text, "child\nfinal one\n");
}

static void fork_away(void)
{
	if (fork() != 0)
		_exit(0);
	wait_until(1);
	char *block = brood_alloc(100);
	strcpy(block, "my block");
	noted->stage = 2;
	wait_until(3);
	note(strcmp(block, "my block") == 0);
	note(strcmp(brood_name(), "double") == 0);
	note(brood_free(block));
	noted->stage = 4;
	_exit(0);
}

static void test_a_grandchild_by_fork_has_its_own_blocks(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = fork_away, .name = "double");
	brood_process_join(p);
	noted->stage = 1;
	wait_until(2);
	brood_process_free(p);
	for (int i = 0; i < 50; i++) {
		void *other = brood_alloc(100);
		memset(other, 'X', 100);
		brood_free(other);
	}
	noted->stage = 3;
	wait_until(4);
	assert_int_equal(noted->value[0], 1);
	assert_int_equal(noted->value[1], 1);
	assert_int_equal(noted->value[2], 0);
	assert_int_equal(brood_heap_check(stderr), 0);
}

static void read_a_byte(void)
{
	char c;
	note((int)read(STDIN_FILENO, &c, 1));
}

static int closes_everything(void)
{
	notes_open();
	brood_force_start_method(
		"fork"); /* to a program run anew the heap's descriptor is passed */
	brood_process *p = brood_start(.call = read_a_byte);
	brood_process_join(p);
	sys_null();
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	for (int fd = 3; fd < 10; fd++)
		dup2(STDOUT_FILENO, fd); /* files of the program's own under those numbers */
	for (int i = 0; i < 3; i++) {
		p = brood_start(.call = read_a_byte);
		if (!p || brood_process_join(p) < 0 || brood_process_exitcode(p) != 0) {
			fprintf(stderr, "%s\n", brood_error());
			return 1;
		}
	}
	printf("%d %d\n", noted->count, noted->value[3]);
	return 0;
}

static void test_a_program_may_close_all_descriptors(void **state)
{
	(void)state;
	outcome end;
	run_role("closes_everything", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "4 0\n");
}

static int without_dev_null(void)
{
	if (geteuid() != 0 || chroot("/proc/self/fdinfo") != 0)
		return 77;
	brood_process *p = brood_start(.call = say_slowly, .start_method = "fork");
	if (!p)
		fprintf(stderr, "%s\n", brood_error());
	return brood_process_join(p);
}

static void test_no_dev_null(void **state)
{
	(void)state;
	outcome end;
	run_role("without_dev_null", NULL, &end);
	if (WEXITSTATUS(end.status) == 77 || strstr(end.err, "LeakSanitizer does not work"))
		skip();
	assert_string_equal(end.err, "");
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "child\n");
}

static const role roles[] = {
	ROLE(makers_go_first),
	ROLE(goes_to_the_background),
	ROLE(closes_everything),
	ROLE(without_dev_null),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_process_outlives_its_maker),
		TEST(test_signals_from_elsewhere_hit_the_one_meant),
		TEST(test_only_the_maker_closes_and_has_the_code),
		TEST(test_a_program_in_the_background_goes_on),
		TEST(test_a_grandchild_by_fork_has_its_own_blocks),
		TEST(test_a_program_may_close_all_descriptors),
		TEST(test_no_dev_null),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
