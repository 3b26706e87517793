/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "brood/base.h"

static void test_nan(void **state)
{
	(void)state;
	deadline when = 42;
	assert_int_equal(deadline_in((double)NAN, &when), -EINVAL);
	assert_int_equal(deadline_in(-(double)NAN, &when), -EINVAL);
	assert_int_equal(when, 42);
	assert_non_null(strstr(brood_error(), "NaN"));
	assert_int_equal(brood_sleep((double)NAN), -EINVAL);
}

static void expect_at_once(double seconds)
{
	deadline when;
	struct timespec left = {1, 1};
	assert_int_equal(deadline_in(seconds, &when), 0);
	assert_ptr_equal(deadline_left(when, &left), &left);
	assert_int_equal(left.tv_sec, 0);
	assert_int_equal(left.tv_nsec, 0);
	assert_int_equal(brood_sleep(seconds), 0);
}

static void test_at_once(void **state)
{
	(void)state;
	expect_at_once(0);
	expect_at_once(-0.0);
	expect_at_once(-3);
	expect_at_once(-DBL_MAX);
	expect_at_once(-(double)INFINITY);
}

static void expect_never(double seconds)
{
	deadline when;
	struct timespec left;
	assert_int_equal(deadline_in(seconds, &when), 0);
	assert_true(when == DEADLINE_NEVER);
	assert_null(deadline_left(when, &left));
}

static void test_never(void **state)
{
	(void)state;
	expect_never(BROOD_FOREVER);
	expect_never((double)INFINITY);
	expect_never(1.0001e9);
}

static void test_between(void **state)
{
	(void)state;
	deadline when;
	struct timespec left;
	assert_int_equal(deadline_in(1e9, &when), 0);
	assert_true(when != DEADLINE_NEVER);
	int64_t before = clock_now();
	assert_int_equal(deadline_in(2.5, &when), 0);
	int64_t after = clock_now();
	assert_in_range(when, before + INT64_C(2500000000), after + INT64_C(2500000000));
	assert_non_null(deadline_left(when, &left));
	assert_true(left.tv_sec <= 2 && left.tv_nsec >= 0 && left.tv_nsec < 1000000000);
	/* One that has passed leaves nothing, and nothing negative. */
	assert_non_null(deadline_left(before, &left));
	assert_int_equal(left.tv_sec, 0);
	assert_int_equal(left.tv_nsec, 0);
}

static volatile sig_atomic_t ticks;

static void tick(int signal)
{
	(void)signal;
	ticks++;
}

/* Signals do not cut a sleep short. */
static void test_sleep(void **state)
{
	(void)state;
	struct sigaction action = {.sa_handler = tick}, before;
	struct itimerval timer = {{0, 5000}, {0, 5000}}, off = {0};
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	setitimer(ITIMER_REAL, &timer, NULL);
	int64_t start = clock_now();
	assert_int_equal(brood_sleep(0.05), 0);
	int64_t slept = clock_now() - start;
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_true(slept >= 50000000);
	assert_true(ticks > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nan),   cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_never), cmocka_unit_test(test_between),
		cmocka_unit_test(test_sleep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
