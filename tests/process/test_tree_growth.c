/* SPDX-License-Identifier: MIT */
/* Trees that change while they are searched: nobody of them outruns the search. */

#include "harness.h"
#include "presence.h"

#include <signal.h>
#include <stdlib.h>

/* A tree that grows all the time; to sixty processes, as often as it is run, and for ten seconds.
 */
static void explode(void *path)
{
	sign_in(path);
	while (noted->count++ < 60)
		if (fork() == 0) {
			alarm(10);
			setsid();
		}
	sleep_long();
}

static void test_one_that_grows(void **state)
{
	(void)state;
	presence all;
	presence_open(&all);
	brood_process *p = brood_start(.target = explode, .args = BROOD_VALUE(all.path));
	wait_for_sign(&all);
	int r = brood_process_kill_tree(p);
	if (r <= 0)
		print_error("%s\n", brood_error());
	assert_true(r > 0);
	assert_deserted(&all);
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), -SIGKILL);
	brood_process_free(p);
}

/* Is another process all the time, in another session, at most five thousand times. */
static void hop(void *path)
{
	sign_in(path);
	for (int i = 0; i < 5000; i++) {
		if (fork() != 0)
			_exit(0);
		setsid();
	}
	_exit(0);
}

static void have_one_hopping(void *path)
{
	run_loose(hop, path);
	stay(path);
}

static void have_three_hopping(void *path)
{
	for (int i = 0; i < 3; i++)
		run_loose(hop, path);
	stay(path);
}

static int litter_pipe[2];

static void tell_and_stay(void *path)
{
	pid_t pid = getpid();
	sign_in(path);
	if (write(litter_pipe[1], &pid, sizeof(pid)) == sizeof(pid))
		sleep_long();
}

/* Makes a loose one all the time, at most two thousand, and ends the one before the last three. */
static void litter(void *path)
{
	pid_t litter[4] = {0};
	sign_in(path);
	if (pipe2(litter_pipe, O_CLOEXEC) < 0)
		_exit(99);
	for (int i = 0; i < 2000; i++) {
		pid_t *place = &litter[i % 4];
		if (*place)
			kill(*place, SIGKILL);
		run_loose(tell_and_stay, path);
		if (read(litter_pipe[0], place, sizeof(*place)) != sizeof(*place))
			_exit(99);
	}
	sleep_long();
}

/* While the tree changes all the time; at least so many of it are there. */
static void assert_none_outruns(void (*root)(void *), int signs, int least)
{
	for (int i = 0; i < 2; i++) {
		presence all;
		presence_open(&all);
		brood_process *p = brood_start(.target = root, .args = BROOD_VALUE(all.path));
		for (int n = 0; n < signs; n++)
			wait_for_sign(&all);
		int r = i ? brood_process_kill_tree(p) : brood_process_terminate_tree(p);
		if (r < least)
			print_error("%d: %s\n", r, brood_error());
		assert_true(r >= least);
		assert_deserted(&all);
		brood_process_join(p);
		assert_int_equal(brood_process_exitcode(p), i ? -SIGKILL : -SIGTERM);
		brood_process_free(p);
	}
}

static void test_those_that_are_others_all_the_time(void **state)
{
	(void)state;
	assert_none_outruns(have_one_hopping, 2, 2);
	assert_none_outruns(have_three_hopping, 4, 4);
}

static void test_one_that_leaves_others_all_the_time(void **state)
{
	(void)state;
	assert_none_outruns(litter, 6, 2);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_that_grows),
		TEST(test_those_that_are_others_all_the_time),
		TEST(test_one_that_leaves_others_all_the_time),
	};
	const role none[] = {{"none", NULL}};
	return HARNESS_MAIN(argc, argv, none, tests);
}
