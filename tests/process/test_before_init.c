/* SPDX-License-Identifier: MIT */
/* Programs that are run anew and do not come to brood_init() as they should: by the start methods
 * spawn and forkserver, of which BROOD_START_METHOD names one. */

#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "brood/report.h"

#define DO_BEFORE "DO_BEFORE_INIT"

__attribute__((constructor)) static void before_init(void)
{
	const char *what = getenv(DO_BEFORE);
	if (!what)
		return;
	if (strcmp(what, "exit") == 0)
		exit(0);
	if (strcmp(what, "close") == 0)
		for (int fd = 3; fd < 100; fd++)
			close(fd);
	if (strcmp(what, "hang") == 0) {
		dprintf(STDOUT_FILENO, "%d\n", getpid());
		for (;;)
			pause();
	}
}

static void nothing(void) {}

static void leave(int signal)
{
	(void)signal;
	exit(5);
}

static int starts_one_that_hangs(void)
{
	signal(SIGINT, leave);
	setenv(DO_BEFORE, "hang", 1);
	brood_start(.call = nothing, .daemon = true);
	brood_sleep(60);
	return 0;
}

static void test_one_that_hangs_is_ended(void **state)
{
	(void)state;
	const int signals[] = {SIGKILL, SIGTERM, SIGINT};
	if (UNDER_TSAN)
		skip(); /* it holds the death signal back */
	for (int i = 0; i < 3; i++) {
		int fd, status;
		pid_t child, root = start_role("starts_one_that_hangs", &fd);
		FILE *out = fdopen(fd, "r");
		assert_int_equal(fscanf(out, "%d", &child), 1);
		kill(root, signals[i]);
		assert_int_equal(waitpid(root, &status, 0), root);
		wait_gone(child);
		if (signals[i] == SIGINT)
			assert_int_equal(WEXITSTATUS(status), 5);
		else
			assert_int_equal(WTERMSIG(status), signals[i]);
		fclose(out);
	}
}

static int starts_one_that_ends(void)
{
	setenv(DO_BEFORE, "exit", 1);
	brood_process *p =
		brood_start(.call = nothing, .name = "early", .on_report = brood_report_to_stderr);
	if (p)
		brood_process_join(p);
	else
		fprintf(stderr, "%s\n", brood_error());
	return 0;
}

static void test_one_that_ends_is_told_from_its_target(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_one_that_ends", NULL, &end);
	assert_non_null(strstr(end.err, "early"));
	assert_non_null(strstr(end.err, "ended before it came to brood_init() in main()"));
	assert_int_equal(end.status, 0);
}

static int starts_one_that_begins(void)
{
	brood_process *p = brood_start(.call = nothing, .on_report = brood_report_to_stderr);
	brood_process_join(p);
	return 0;
}

static void test_one_that_begins_is_not_reported(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_one_that_begins", NULL, &end);
	assert_string_equal(end.err, "");
	assert_int_equal(end.status, 0);
}

static int starts_one_that_closes_descriptors(void)
{
	setenv(DO_BEFORE, "close", 1);
	brood_process *p = brood_start(.call = nothing);
	if (p)
		printf("%d\n", brood_process_join(p) == 0 ? brood_process_exitcode(p) : -1);
	else
		printf("%s\n", brood_error());
	return 0;
}

static void test_one_that_closes_descriptors(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_one_that_closes_descriptors", NULL, &end);
	if (strcmp(brood_get_start_method(), "spawn") == 0)
		assert_string_equal(end.out, "0\n");
	else
		assert_non_null(strstr(end.out, "has closed its descriptors before brood_init()"));
	assert_int_equal(end.status, 0);
}

static const role roles[] = {
	ROLE(starts_one_that_closes_descriptors),
	ROLE(starts_one_that_ends),
	ROLE(starts_one_that_begins),
	ROLE(starts_one_that_hangs),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_that_hangs_is_ended),
		TEST(test_one_that_ends_is_told_from_its_target),
		TEST(test_one_that_begins_is_not_reported),
		TEST(test_one_that_closes_descriptors),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
