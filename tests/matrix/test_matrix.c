/* SPDX-License-Identifier: MIT */
/*
 * Every process of a family, ended in every way, at every call that it makes: the
 * others go on, and all end; nothing is left. The points are the calls that the fault build
 * counts (faults/fault.h), from the first of the first process to the last of the last, and,
 * between them, any moment. Processes that lose their parents come to this one.
 *
 * With BROOD_NIGHTLY in the environment all points and ten thousand moments; else some.
 */

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "brood/brood.h"
#include "family.h"
#include "fault.h"

enum { STRIDE = 17, MOMENTS = 60, NIGHTLY_MOMENTS = 10000 };
static const double watchdog = 20, stopped_for = 0.5;

static bool is_nightly(void)
{
	return getenv("BROOD_NIGHTLY") != NULL;
}

static pid_t start_family(const char *method, const fault_plan *plan)
{
	fault_state *state = fault_share();
	fault_arm(plan);
	fault_disarm();
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		setenv("BROOD_START_METHOD", method, 1);
		state->pid = getpid(); /* the root is it that is meant by "here" */
		state->armed = plan->at > 0;
		execl("/proc/self/exe", "test_matrix", "family", (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Takes all children that have ended; whether there are more. */
static bool reap(pid_t root, int *status)
{
	pid_t pid;
	int one;
	while ((pid = waitpid(-1, &one, WNOHANG)) > 0)
		if (pid == root)
			*status = one;
	return pid == 0;
}

static void kill_all_left(pid_t root)
{
	char path[64];
	int pid;
	kill(-root, SIGKILL);
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	FILE *file = fopen(path, "r");
	while (file && fscanf(file, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (file)
		fclose(file);
}

/* Waits until nobody is left: 0, or the test fails. A stopped victim is killed after a while. */
static int end_of_family(pid_t root)
{
	int status = -1;
	deadline end, stopped;
	deadline_in(watchdog, &end);
	deadline_in(stopped_for, &stopped);
	while (reap(root, &status)) {
		const fault_state *state = fault_share();
		if (state->victim && clock_now() > stopped)
			kill(state->victim, SIGKILL);
		if (clock_now() > end) {
			kill_all_left(root);
			while (reap(root, &status))
				;
			fail_msg("processes are left; at the %u. call, %s(), %s, ended by %d",
				 state->plan.at, state->call,
				 state->plan.where == FAULT_HERE ? "root" : "others",
				 state->plan.what);
		}
		clock_sleep(clock_now() + 200000);
	}
	return status;
}

static bool root_was_meant(const fault_plan *plan)
{
	return plan->where == FAULT_HERE && fault_share()->fired;
}

/* Whether there was such a point. */
static bool kill_at(const char *method, const fault_plan *plan)
{
	pid_t root = start_family(method, plan);
	int status = end_of_family(root);
	const fault_state *state = fault_share();
	if (!root_was_meant(plan) && status != 0)
		fail_msg("%s: the root ended with %d, at the %u. call in another, %s(), ended by "
			 "%d",
			 method, status, plan->at, state->call, plan->what);
	if (root_was_meant(plan) && status == 0)
		fail_msg("%s: the root was not ended at its %u. call", method, plan->at);
	return state->fired;
}

static void kill_everywhere(const char *method, enum fault_where where)
{
	fault_plan plan = {.where = where};
	unsigned stride = is_nightly() ? 1 : STRIDE;
	for (int what = FAULT_KILL; what <= FAULT_STOP; what++) {
		plan.what = (enum fault_what)what;
		/* Each way at other points than the one before. */
		plan.at = 1 + (unsigned)(what - FAULT_KILL) * stride / 5;
		while (kill_at(method, &plan))
			plan.at += what == FAULT_STOP ? 3 * stride : stride;
	}
}

static void test_the_root(void **state)
{
	kill_everywhere(*state, FAULT_HERE);
}

static void test_the_others(void **state)
{
	kill_everywhere(*state, FAULT_ELSEWHERE);
}

static int list_group(pid_t group, pid_t *ret, int max)
{
	int count = 0;
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	while (folder && (entry = readdir(folder)) && count < max) {
		pid_t pid = atoi(entry->d_name);
		if (pid > 0 && getpgid(pid) == group)
			ret[count++] = pid;
	}
	if (folder)
		closedir(folder);
	return count;
}

/* Kills one of the family at a moment of its life; the root is not spared. */
static void kill_some_time(const char *method, unsigned *seed)
{
	static const fault_plan none = {.where = FAULT_HERE};
	pid_t all[32];
	pid_t root = start_family(method, &none);
	clock_sleep(clock_now() + rand_r(seed) % 20000000);
	int count = list_group(root, all, 32);
	pid_t victim = count ? all[rand_r(seed) % count] : root;
	if (kill(victim, SIGKILL) < 0)
		victim = 0;
	int status = end_of_family(root);
	if (victim != root && status != 0)
		fail_msg("%s: the root ended with %d when another was killed", method, status);
}

static void test_moments(void **state)
{
	const char *method = *state;
	unsigned seed = (unsigned)clock_now();
	int moments = is_nightly() ? NIGHTLY_MOMENTS / 3 : MOMENTS;
	print_message("seed %u\n", seed);
	for (int i = 0; i < moments; i++)
		kill_some_time(method, &seed);
}

int main(int argc, char **argv)
{
	fault_share();
	brood_init();
	if (argc > 1 && strcmp(argv[1], "family") == 0)
		return family_main();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fault_spare();
	const char *method = argc > 1 ? argv[1] : "fork";
	const struct CMUnitTest tests[] = {
		{"the root", test_the_root, NULL, NULL, (void *)(size_t)method},
		{"the others", test_the_others, NULL, NULL, (void *)(size_t)method},
		{"moments", test_moments, NULL, NULL, (void *)(size_t)method},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
