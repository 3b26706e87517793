/* SPDX-License-Identifier: MIT */
/* Starts that the system refuses: an error with a sentence, nothing lost, and the next one works.
 */

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(void) {}

/* Starts p, first refused, then after restore() accepted. */
static void refused_then_started(brood_process *p, int err, const char *sentence,
				 void (*restore)(void))
{
	assert_int_equal(brood_process_start(p), -err);
	assert_sentence(sentence);
	assert_string_equal(brood_process_repr(p), "<Process(p, initial)>");
	assert_int_equal(brood_process_pid(p), 0);
	restore();
	assert_int_equal(brood_process_start(p), 0);
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), 0);
	brood_process_free(p);
}

static struct rlimit before;

static void limit(__rlimit_resource_t which, rlim_t value)
{
	getrlimit(which, &before);
	struct rlimit limited = {.rlim_cur = value, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(which, &limited), 0);
}

static void restore_descriptors(void)
{
	setrlimit(RLIMIT_NOFILE, &before);
}

static void test_no_descriptor_left(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.call = nothing, .name = "p");
	int next = dup(STDERR_FILENO);
	close(next);
	limit(RLIMIT_NOFILE, (rlim_t)next);
	refused_then_started(p, EMFILE, "ulimit -n", restore_descriptors);
}

static void restore_processes(void)
{
	setrlimit(RLIMIT_NPROC, &before);
}

/* The limit does not bind root, so the role gives up being root. */
static int at_the_limit_of_processes(void)
{
	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 77;
	brood_process *p = brood_process_new(.call = nothing, .name = "p");
	limit(RLIMIT_NPROC, 0);
	refused_then_started(p, EAGAIN, "ulimit -u", restore_processes);
	return 0;
}

static void test_no_process_left(void **state)
{
	(void)state;
	outcome end;
	run_role("at_the_limit_of_processes", NULL, &end);
	assert_true(WIFEXITED(end.status));
	if (WEXITSTATUS(end.status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(end.status), 0);
}

static void count_output(void *arg)
{
	printf("%s", (const char *)arg);
}

/* A full pipe or a closed reader on standard output are the child's problem, not a failed end. */
static int writes_to_a_broken_stdout(void)
{
	int ends[2];
	if (pipe(ends) < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
	brood_process *p = brood_start(.target = count_output, .args = BROOD_VALUE("lost"));
	brood_process_join(p);
	return brood_process_exitcode(p);
}

static void test_a_broken_stdout_is_no_failure(void **state)
{
	(void)state;
	outcome end;
	run_role("writes_to_a_broken_stdout", NULL, &end);
	assert_int_equal(end.status, 0);
}

static const role roles[] = {
	ROLE(at_the_limit_of_processes),
	ROLE(writes_to_a_broken_stdout),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_descriptor_left),
		TEST(test_no_process_left),
		TEST(test_a_broken_stdout_is_no_failure),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
