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

#define DO_BEFORE "DO_BEFORE_INIT"

__attribute__((constructor)) static void before_init(void)
{
	const char *what = getenv(DO_BEFORE);
	if (!what)
		return;
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

static const role roles[] = {
	ROLE(starts_one_that_hangs),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_that_hangs_is_ended),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
