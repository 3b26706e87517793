/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/pidref.h"
#include "base/sys.h"

/* A child that waits to be killed. */
static pid_t sleeper(void)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A name that looks like the fields after it. */
		prctl(PR_SET_NAME, ") R 1 2 (x) ");
		for (;;)
			pause();
	}
	return pid;
}

/* Ends the child, and leaves it a zombie. */
static void make_zombie(pid_t pid)
{
	siginfo_t info;
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void test_self(void **state)
{
	(void)state;
	pidref me = pidref_self();
	assert_int_equal(me.pid, getpid());
	assert_false(pidref_dead(me));
	int fd = pidref_open(me);
	assert_true(fd >= 0);
	assert_false(sys_pidfd_ended(fd));
	close(fd);
}

static void test_life(void **state)
{
	(void)state;
	pid_t pid = sleeper();
	pidref child = pidref_of(pid);
	assert_false(pidref_dead(child));
	int fd = pidref_open(child);
	assert_true(fd >= 0);

	make_zombie(pid);
	assert_true(pidref_dead(child));
	assert_true(sys_pidfd_ended(fd));
	int zombie = pidref_open(child);
	assert_true(zombie >= 0);
	close(zombie);

	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(pidref_dead(child));
	assert_int_equal(pidref_open(child), -ESRCH);
	assert_true(sys_pidfd_ended(fd));
	close(fd);
}

/* Another process under the pid started later than the one meant. */
static void test_recycled(void **state)
{
	(void)state;
	pid_t pid = sleeper();
	pidref child = pidref_of(pid);
	pidref predecessor = {.pid = pid, .started = child.started - 1000};
	assert_int_equal(pidref_open(predecessor), -ESRCH);
	assert_true(pidref_dead(predecessor));
	pidref unknown = {.pid = pid, .started = 0};
	assert_false(pidref_dead(unknown));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_no_pid(void **state)
{
	(void)state;
	assert_int_equal(pidref_open((pidref){.pid = 0}), -ESRCH);
	assert_int_equal(pidref_open((pidref){.pid = -5}), -ESRCH);
	assert_true(pidref_dead((pidref){.pid = 0}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_recycled),
		cmocka_unit_test(test_no_pid),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
