/* SPDX-License-Identifier: MIT */
/* The helper process: whatever happens in it, its parent goes on with what came out of it. */

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/helper.h"

static void writes(const void *arg, FILE *out)
{
	fputs(arg, out);
}

static void test_its_output(void **state)
{
	(void)state;
	char *text = helper_run(writes, "some text");
	assert_string_equal(text, "some text");
	free(text);
	assert_null(helper_run(writes, ""));
}

static void crashes(const void *arg, FILE *out)
{
	fputs(arg, out);
	fflush(out);
	abort();
}

static void test_its_crash(void **state)
{
	(void)state;
	char *text = helper_run(crashes, "half");
	assert_string_equal(text, "half");
	free(text);
}

static void floods(const void *arg, FILE *out)
{
	(void)arg;
	for (;;)
		if (fputs("0123456789abcdef", out) < 0)
			return;
}

static void test_its_flood(void **state)
{
	(void)state;
	char *text = helper_run(floods, NULL);
	assert_int_equal(strlen(text), (1 << 20) - 1);
	free(text);
}

static void gorges(const void *arg, FILE *out)
{
	(void)arg;
	int pieces = 0;
	void *volatile piece; /* so that the compiler does not do without */
	while (pieces < 1000 && (piece = malloc(16 << 20)))
		pieces++;
	fprintf(out, "%d", pieces);
}

static void test_its_memory(void **state)
{
	(void)state;
	if (UNDER_ASAN || UNDER_TSAN)
		skip(); /* malloc() ends the process there */
	char *text = helper_run(gorges, NULL);
	int pieces = atoi(text);
	assert_true(pieces > 10 && pieces <= 40);
	free(text);
}

static void looks_at_descriptors(const void *arg, FILE *out)
{
	fprintf(out, "%d", lseek(*(const int *)arg, 0, SEEK_CUR) < 0 && errno == EBADF);
}

static void test_its_descriptors(void **state)
{
	(void)state;
	FILE *mine = tmpfile();
	int fd = fileno(mine);
	char *text = helper_run(looks_at_descriptors, &fd);
	assert_string_equal(text, "1");
	free(text);
	fclose(mine);
}

static _Atomic int told;

static void count(int signal)
{
	(void)signal;
	told++;
}

static void writes_x(const void *arg, FILE *out)
{
	(void)arg;
	fputs("x", out);
}

static void test_the_program_learns_nothing(void **state)
{
	(void)state;
	void (*before)(int) = signal(SIGCHLD, count);
	free(helper_run(writes_x, NULL));
	assert_int_equal(told, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	signal(SIGCHLD, SIG_IGN);
	char *text = helper_run(writes, "ignored");
	assert_string_equal(text, "ignored");
	free(text);
	signal(SIGCHLD, before);
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	const struct CMUnitTest tests[] = {
		TEST(test_its_output),	    TEST(test_its_crash),
		TEST(test_its_flood),	    TEST(test_its_memory),
		TEST(test_its_descriptors), TEST(test_the_program_learns_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
