/* SPDX-License-Identifier: MIT */
/* What a child's streams hold at its birth and at its end. */

#include "harness.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

static int code_of(void (*call)(void))
{
	brood_process *p = brood_start(.call = call);
	brood_process_join(p);
	int code = brood_process_exitcode(p);
	brood_process_free(p);
	return code;
}

static void print_wide(void)
{
	wprintf(L"child\n");
}

static int writes_wide(void)
{
	wprintf(L"before\n");
	int code = code_of(print_wide);
	wprintf(L"after\n");
	return code;
}

static void test_wide_output_is_written_once(void **state)
{
	(void)state;
	outcome end;
	run_role("writes_wide", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "before\nchild\nafter\n");
}

static FILE *other;

static void print_other(void)
{
	fputws(L"child\n", other);
}

/* A stream that the start does not flush: the parent's part is the parent's to write. */
static int writes_other_wide(void)
{
	other = fdopen(dup(STDOUT_FILENO), "w");
	fputws(L"parent\n", other);
	brood_force_start_method("fork"); /* no other inherits a stream */
	int code = code_of(print_other);
	fclose(other);
	return code;
}

static void test_inherited_wide_output_is_the_parents(void **state)
{
	(void)state;
	outcome end;
	run_role("writes_other_wide", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "child\nparent\n");
}

static void expect_no_input(void)
{
	exit(getchar() == EOF ? 0 : 9);
}

static void expect_no_wide_input(void)
{
	exit(getwchar() == WEOF ? 0 : 9);
}

static int pushes_back(void)
{
	ungetc('x', stdin);
	ungetc('y', stdin);
	getchar();
	getchar();
	return code_of(expect_no_input);
}

static void test_input_behind_pushed_back_characters(void **state)
{
	(void)state;
	outcome end;
	run_role("pushes_back", NULL, &end);
	assert_int_equal(end.status, 0);
	run_role("reads_then_pushes_back", "abc", &end);
	assert_int_equal(end.status, 0);
}

static int reads_then_pushes_back(void)
{
	getchar();
	return pushes_back();
}

/* With a buffer of the program's only a part of it is made wide at a time. */
static int reads_wide(void)
{
	static char buffer[64];
	setvbuf(stdin, buffer, _IOFBF, sizeof(buffer));
	getwchar();
	return code_of(expect_no_wide_input);
}

static void test_wide_input_read_ahead_is_dropped(void **state)
{
	(void)state;
	outcome end;
	run_role("reads_wide", "a line that is longer than what is made wide at a time\n", &end);
	assert_int_equal(end.status, 0);
}

/* Sends everything that goes to a descriptor to nobody. */
static void break_output(int fd)
{
	int ends[2];
	if (pipe(ends) < 0)
		abort();
	close(ends[0]);
	dup2(ends[1], fd);
	close(ends[1]);
}

static void print(void)
{
	puts("to nobody");
}

static void raise_error(void)
{
	brood_raise("Error", "to nobody");
}

static void print_and_raise(void)
{
	print();
	raise_error();
}

static int writes_to_nobody(void)
{
	break_output(STDOUT_FILENO);
	if (code_of(print) != 0 || code_of(print_and_raise) != 1)
		return 1;
	break_output(STDERR_FILENO);
	return code_of(raise_error) == 1 ? 0 : 2;
}

static void test_a_broken_pipe_does_not_change_the_exitcode(void **state)
{
	(void)state;
	outcome end;
	run_role("writes_to_nobody", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_non_null(strstr(end.err, "Error: to nobody\n"));
}

static int raises_to_nobody(void)
{
	break_output(STDERR_FILENO);
	raise_error();
	return 0;
}

static void test_a_broken_pipe_does_not_change_the_status(void **state)
{
	(void)state;
	outcome end;
	run_role("raises_to_nobody", NULL, &end);
	assert_true(WIFEXITED(end.status));
	assert_int_equal(WEXITSTATUS(end.status), 1);
}

/* SIGPIPE in a child is otherwise what it is in any program. */
static void write_to_nobody(void)
{
	if (write(STDOUT_FILENO, "x", 1) < 0)
		_exit(1);
}

static int dies_of_a_broken_pipe(void)
{
	break_output(STDOUT_FILENO);
	return code_of(write_to_nobody) == -SIGPIPE ? 0 : 1;
}

static void test_a_childs_own_broken_pipe(void **state)
{
	(void)state;
	outcome end;
	run_role("dies_of_a_broken_pipe", NULL, &end);
	assert_int_equal(end.status, 0);
}

static _Atomic int closed;

static void *open_and_close(void *unused)
{
	(void)unused;
	for (;; closed++) {
		FILE *file = fopen("/dev/null", "we");
		if (!file)
			abort();
		fputc('x', file);
		fclose(file);
	}
	return NULL;
}

static void end_beside_closing_threads(void)
{
	pthread_t thread;
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, open_and_close, NULL);
	while (closed < 10)
		sched_yield();
	printf("out\n");
}

static int ends_beside_closing_threads(void)
{
	for (int i = 0; i < 50; i++)
		if (code_of(end_beside_closing_threads) != 0)
			return 1;
	return 0;
}

static void test_streams_closed_by_threads_at_the_end(void **state)
{
	(void)state;
	if (UNDER_TSAN) /* it reports the look at a stream before its lock is tried */
		skip();
	outcome end;
	run_role("ends_beside_closing_threads", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_int_equal(strlen(end.out), 50 * strlen("out\n"));
}

static const role roles[] = {
	ROLE(writes_wide),
	ROLE(writes_other_wide),
	ROLE(pushes_back),
	ROLE(reads_then_pushes_back),
	ROLE(reads_wide),
	ROLE(writes_to_nobody),
	ROLE(raises_to_nobody),
	ROLE(dies_of_a_broken_pipe),
	ROLE(ends_beside_closing_threads),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_wide_output_is_written_once),
		TEST(test_inherited_wide_output_is_the_parents),
		TEST(test_input_behind_pushed_back_characters),
		TEST(test_wide_input_read_ahead_is_dropped),
		TEST(test_a_broken_pipe_does_not_change_the_exitcode),
		TEST(test_a_broken_pipe_does_not_change_the_status),
		TEST(test_a_childs_own_broken_pipe),
		TEST(test_streams_closed_by_threads_at_the_end),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
