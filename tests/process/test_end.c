/* SPDX-License-Identifier: MIT */
/* How a process ends, as its parent sees it: join, exit codes, signals, sentinel, stolen statuses.
 */

#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static void sleep_long(void)
{
	brood_sleep(60);
}

static void nothing(void) {}

static void exit_with(void *arg)
{
	exit(*(int *)arg);
}

static void underscore_exit_with(void *arg)
{
	_exit(*(int *)arg);
}

static void quick_exit_with(void *arg)
{
	quick_exit(*(int *)arg);
}

static void die_by(void *arg)
{
	signal(*(int *)arg, SIG_DFL);
	raise(*(int *)arg);
}

static int code_of(brood_process *p)
{
	assert_non_null(p);
	assert_int_equal(brood_process_join(p), 0);
	int code = brood_process_exitcode(p);
	brood_process_free(p);
	return code;
}

static void test_exit_codes(void **state)
{
	(void)state;
	const int given[] = {0, 1, 3, 255, 256, 257, -1, -9};
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		int n = given[i];
		assert_int_equal(code_of(brood_start(.target = exit_with, .args = BROOD_VALUE(n))),
				 n & 255);
		assert_int_equal(code_of(brood_start(.target = underscore_exit_with,
						     .args = BROOD_VALUE(n))),
				 n & 255);
		assert_int_equal(
			code_of(brood_start(.target = quick_exit_with, .args = BROOD_VALUE(n))),
			n & 255);
	}
}

static void test_death_by_signal(void **state)
{
	(void)state;
	const int signals[] = {SIGHUP,	SIGINT,	 SIGKILL, SIGTERM, SIGUSR1,
			       SIGSEGV, SIGABRT, SIGPIPE, 35};
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		int s = signals[i];
		assert_int_equal(code_of(brood_start(.target = die_by, .args = BROOD_VALUE(s))),
				 -s);
	}
}

static void assert_repr_after(brood_process *p, const char *expected)
{
	brood_process_join(p);
	assert_string_equal(brood_process_repr(p), expected);
	brood_process_free(p);
}

static void test_repr_of_the_ended(void **state)
{
	(void)state;
	assert_repr_after(brood_start(.call = nothing, .name = "p"), "<Process(p, stopped)>");
	assert_repr_after(brood_start(.target = exit_with, .args = BROOD_VALUE(3), .name = "p"),
			  "<Process(p, stopped[3])>");
	int rtmin = SIGRTMIN, unnamed = SIGRTMIN + 1;
	assert_repr_after(brood_start(.target = die_by, .args = BROOD_VALUE(rtmin), .name = "p"),
			  "<Process(p, stopped[SIGRTMIN])>");
	assert_repr_after(brood_start(.target = die_by, .args = BROOD_VALUE(unnamed), .name = "p"),
			  "<Process(p, stopped[-35])>");
	brood_process *p = brood_start(.call = sleep_long, .name = "p", .daemon = true);
	assert_string_equal(brood_process_repr(p), "<Process(p, started daemon)>");
	brood_process_kill(p);
	assert_repr_after(p, "<Process(p, stopped[SIGKILL] daemon)>");
}

static void test_the_life_of_a_process(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.call = sleep_long);
	assert_false(brood_process_is_alive(p));
	assert_int_equal(brood_process_start(p), 0);
	assert_true(brood_process_is_alive(p));
	assert_int_equal(brood_process_exitcode(p), BROOD_NO_EXITCODE);
	assert_int_equal(errno, 0);
	assert_int_equal(brood_process_join_nowait(p), -ETIMEDOUT);
	assert_int_equal(brood_process_join_timed(p, -1), -ETIMEDOUT);
	int64_t before = clock_now();
	assert_int_equal(brood_process_join_timed(p, 0.05), -ETIMEDOUT);
	assert_true(clock_now() - before >= 50000000);
	assert_int_equal(brood_process_close(p), -EBUSY);
	assert_sentence("Cannot close a process while it is still running");
	assert_int_equal(brood_process_terminate(p), 0);
	assert_int_equal(brood_process_join(p), 0);
	assert_false(brood_process_is_alive(p));
	assert_int_equal(brood_process_exitcode(p), -SIGTERM);
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_join_timed(p, 1), 0);
	assert_int_equal(brood_process_terminate(p), 0);
	assert_int_equal(brood_process_kill(p), 0);
	assert_int_equal(brood_process_exitcode(p), -SIGTERM);
	assert_int_equal(brood_process_close(p), 0);
	assert_int_equal(brood_process_close(p), 0);
	assert_int_equal(brood_process_join(p), -EINVAL);
	brood_process_free(p);
}

static void test_interrupt_and_any_signal(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = sleep_long);
	assert_int_equal(brood_process_signal(p, 0), 0);
	assert_int_equal(brood_process_signal(p, 999), -EINVAL);
	assert_sentence("999");
	assert_int_equal(brood_process_interrupt(p), 0);
	brood_process_join(p);
	assert_int_equal(brood_process_signal(p, SIGUSR1), 0);
	assert_int_equal(brood_process_signal(p, 65), -EINVAL);
	assert_int_equal(brood_process_signal(p, -1), -EINVAL);
	assert_int_equal(code_of(p), -SIGINT);
}

static void test_sentinel(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = sleep_long);
	struct pollfd fd = {.fd = brood_process_sentinel(p), .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 0), 0);
	brood_process_kill(p);
	assert_int_equal(poll(&fd, 1, 10000), 1);
	assert_false(brood_process_is_alive(p)); /* asking reaps: no join needed */
	assert_int_equal(brood_process_exitcode(p), -SIGKILL);
	assert_int_equal(poll(&fd, 1, 0), 1);
	brood_process_free(p);
}

static void test_a_stopped_process_is_alive(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = sleep_long);
	brood_process_signal(p, SIGSTOP);
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)brood_process_pid(p), &info, WSTOPPED), 0);
	assert_true(brood_process_is_alive(p));
	assert_int_equal(brood_process_join_timed(p, 0.01), -ETIMEDOUT);
	brood_process_kill(p);
	assert_int_equal(code_of(p), -SIGKILL);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
}

static void nap(void)
{
	brood_sleep(0.2);
}

static void test_a_signal_does_not_cut_join_short(void **state)
{
	(void)state;
	struct sigaction action = {.sa_handler = on_alarm};
	sigaction(SIGALRM, &action, NULL);
	brood_process *p = brood_start(.call = nap);
	ualarm(20000, 20000);
	assert_int_equal(brood_process_join_timed(p, 30), 0);
	ualarm(0, 0);
	assert_true(alarms > 0);
	assert_int_equal(code_of(p), 0);
	p = brood_start(.call = nap);
	ualarm(20000, 20000);
	assert_int_equal(brood_process_join(p), 0);
	ualarm(0, 0);
	assert_int_equal(code_of(p), 0);
	signal(SIGALRM, SIG_DFL);
}

/* A tracer sees the end first, and the parent only when the tracer has looked. */
static void test_a_timeout_beside_a_tracer(void **state)
{
	(void)state;
	int ready[2];
	char byte;
	brood_process *p = brood_start(.call = sleep_long);
	assert_int_equal(pipe(ready), 0);
	pid_t tracer = fork();
	if (tracer == 0) {
		byte = ptrace(PTRACE_SEIZE, brood_process_pid(p), 0, 0) == 0;
		assert_int_equal(write(ready[1], &byte, 1), 1);
		pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	brood_process_kill(p);
	if (byte) {
		assert_int_equal(brood_process_join_timed(p, 0.05), -ETIMEDOUT);
		assert_int_equal(brood_process_join_nowait(p), -ETIMEDOUT);
	}
	kill(tracer, SIGKILL);
	waitpid(tracer, NULL, 0);
	assert_int_equal(code_of(p), -SIGKILL);
	close(ready[0]);
	close(ready[1]);
	if (!byte)
		skip();
}

static void test_a_status_taken_by_the_program(void **state)
{
	(void)state;
	brood_process *p = brood_start(.target = exit_with, .args = BROOD_VALUE(7));
	assert_int_equal(waitpid(brood_process_pid(p), NULL, 0), brood_process_pid(p));
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), 7);
	assert_false(brood_process_is_alive(p));
	brood_process_free(p);
}

static void test_sigchld_ignored(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	brood_process *p = brood_start(.target = exit_with, .args = BROOD_VALUE(7));
	assert_int_equal(brood_process_join(p), 0);
	assert_false(brood_process_is_alive(p));
	assert_int_equal(brood_process_exitcode(p), 7);
	brood_process_free(p);
	/* Also of those that have ended and gone before their starter could look. */
	for (int i = 0; i < 300; i++)
		assert_int_equal(code_of(brood_start()), 0);
	signal(SIGCHLD, SIG_DFL);
}

static void test_free_while_running(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = sleep_long);
	pid_t pid = brood_process_pid(p);
	brood_process_free(p);
	assert_int_equal(kill(pid, 0), 0); /* nothing was killed by it */
	kill(pid, SIGKILL);
	wait_gone(pid);
	assert_int_equal(brood_active_children(NULL, 0), 0); /* reaps */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_exit_codes),
		TEST(test_death_by_signal),
		TEST(test_repr_of_the_ended),
		TEST(test_the_life_of_a_process),
		TEST(test_interrupt_and_any_signal),
		TEST(test_sentinel),
		TEST(test_a_stopped_process_is_alive),
		TEST(test_a_signal_does_not_cut_join_short),
		TEST(test_a_timeout_beside_a_tracer),
		TEST(test_a_status_taken_by_the_program),
		TEST(test_sigchld_ignored),
		TEST(test_free_while_running),
	};
	return HARNESS_RUN(tests);
}
