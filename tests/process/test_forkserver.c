/* SPDX-License-Identifier: MIT */
/* The fork server: that it can be lost at any moment, and leaves nothing. What its processes share
 * with their starter is in test_surroundings.c. */

#include "forkservers.h"
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/server.h"

static void nothing(void) {}

/* --- the server's life and death --- */

static void sleep_long(void)
{
	brood_sleep(60);
}

/* The server and its warm children after this has been done to them. */
static int goes_on_after(const char *comm, int signal)
{
	brood_process *running =
		brood_start(.call = sleep_long, .start_method = "forkserver", .daemon = true);
	pid_t server = find_child("brood-server"), victims[8];
	/* Not the one that has become the running process by the time of the second look. */
	int n = 0;
	while (find_child(comm) && n == 0)
		n = find_children(comm, victims, 8);
	for (int i = 0; i < n; i++)
		kill(victims[i], signal);
	int codes = 0;
	for (int i = 0; i < 5; i++)
		codes += run_here(nothing);
	printf("%d %d %d\n", n > 0, codes, brood_process_is_alive(running));
	brood_process_kill(running);
	code_of(running);
	brood_forkserver_stop();
	bool none = waitpid(-1, NULL, 0) == -1 && errno == ECHILD;
	printf("%d %d\n", none, kill(server, 0) < 0);
	return 0;
}

static int kills_the_server(void)
{
	return goes_on_after("brood-server", SIGKILL);
}

static int stops_the_server(void)
{
	return goes_on_after("brood-server", SIGSTOP);
}

static int kills_warm_children(void)
{
	return goes_on_after("brood-warm", SIGKILL);
}

static int stops_warm_children(void)
{
	return goes_on_after("brood-warm", SIGSTOP);
}

static void test_the_server_may_be_lost(void **state)
{
	(void)state;
	const char *roles[] = {"kills_the_server", "stops_the_server", "kills_warm_children",
			       "stops_warm_children"};
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		outcome end;
		run_role(roles[i], NULL, &end);
		assert_string_equal(end.err, "");
		assert_string_equal(end.out, "1 0 1\n1 1\n");
		assert_int_equal(end.status, 0);
	}
}

static int names_its_helpers(void)
{
	brood_forkserver_set_warm(3);
	run_here(nothing);
	pid_t warm[8];
	find_child("brood-warm");
	printf("%d\n", find_child("brood-server"));
	for (int n = find_children("brood-warm", warm, 8); n-- > 0;)
		printf("%d\n", warm[n]);
	printf("0\n");
	fflush(stdout);
	brood_sleep(60);
	return 0;
}

static void test_nothing_survives_the_family(void **state)
{
	(void)state;
	if (UNDER_TSAN)
		skip(); /* it holds the death signal back in futex(2) */
	int fd;
	pid_t root = start_role("names_its_helpers", &fd), helpers[8];
	FILE *out = fdopen(fd, "r");
	int n = 0;
	while (n < 8 && fscanf(out, "%d", &helpers[n]) == 1 && helpers[n] != 0)
		n++;
	assert_true(n >= 2);
	kill(root, SIGKILL);
	for (int i = 0; i < n; i++)
		wait_gone(helpers[i]);
	waitpid(root, NULL, 0);
	fclose(out);
}

static void count_own(void)
{
	pid_t found[2];
	int before = find_children("brood-server", found, 2);
	int code = run_here(nothing);
	int after = find_children("brood-server", found, 2);
	/* A child that is just being made still goes by the server's name. */
	exit(code == 0 && before == 0 && after >= 1 ? 5 : 6);
}

static int nests(void)
{
	run_here(nothing);
	printf("%d\n", run_here(count_own));
	brood_process *p = brood_start(.call = count_own, .start_method = "fork");
	printf("%d\n", code_of(p));
	fflush(stdout);
	pid_t stranger = fork(); /* as daemon(3) does */
	if (stranger == 0)
		exit(run_here(nothing) == 0 ? 4 : 3);
	int status;
	waitpid(stranger, &status, 0);
	printf("%d %d\n", WEXITSTATUS(status), run_here(nothing));
	return 0;
}

static void test_each_process_has_its_own(void **state)
{
	(void)state;
	outcome end;
	run_role("nests", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "5\n5\n4 0\n");
	assert_int_equal(end.status, 0);
}

/* Without an exit(): LeakSanitizer looks there, and for ever when it is stopped meanwhile. */
static void end_at_once(void)
{
	kill(getpid(), SIGKILL);
}

/* A child that has been started is done with what it shared with the server. */
static int uses_the_servers_memory(void)
{
	enum { BLOCKS = 40, SIZE = sizeof(struct server_birth) };
	static unsigned char *blocks[BLOCKS];
	int wrong = 0;
	for (int i = 0; i < 60; i++) {
		/* Many, so that it takes the child long to make them its own. */
		for (int n = 0; n < 2000; n++) {
			char name[20];
			snprintf(name, sizeof(name), "VALUE%d", n);
			setenv(name, i % 2 ? "odd" : "even", 1);
		}
		brood_process *p = brood_start(.call = end_at_once, .start_method = "forkserver");
		kill(brood_process_pid(p), SIGSTOP);
		brood_forkserver_stop();
		for (int b = 0; b < BLOCKS; b++)
			memset(blocks[b] = brood_must(brood_alloc(SIZE)), 0xaa, SIZE);
		kill(brood_process_pid(p), SIGCONT);
		wrong += code_of(p) != -SIGKILL;
		for (int b = 0; b < BLOCKS; b++) {
			for (size_t at = 0; at < SIZE; at++)
				wrong += blocks[b][at] != 0xaa;
			brood_free(blocks[b]);
		}
	}
	return wrong > 0;
}

static void test_the_server_may_be_stopped_after_a_start(void **state)
{
	(void)state;
	outcome end;
	run_role("uses_the_servers_memory", NULL, &end);
	assert_int_equal(end.status, 0);
}

/* --- signals --- */

static void wait_for_signal(void)
{
	pause();
}

static void handled(int signal)
{
	(void)signal;
}

static int is_interrupted(void)
{
	setpgid(0, 0);
	signal(SIGINT, handled); /* this process has its own way with Ctrl-C */
	brood_forkserver_set_warm(1);
	run_here(nothing);
	pid_t warm = find_child("brood-warm");
	kill(0, SIGINT);
	brood_process *survivor = brood_start(.call = nothing, .start_method = "forkserver");
	printf("%d ", brood_process_pid(survivor) == warm);
	printf("%d\n", code_of(survivor));
	int ended = 0;
	for (int i = 0; i < 200; i++) {
		brood_process *p =
			brood_start(.call = wait_for_signal, .start_method = "forkserver");
		brood_process_interrupt(p); /* at once: not lost on its way */
		ended += code_of(p) == -SIGINT;
	}
	printf("%d\n", ended);
	return 0;
}

static void test_ctrl_c(void **state)
{
	(void)state;
	outcome end;
	run_role("is_interrupted", NULL, &end);
	assert_string_equal(end.out, "1 0\n200\n");
	assert_int_equal(end.status, 0);
}

/* --- preload, number, threads --- */

static int preloads(void)
{
	const char *none[] = {"no-such-module.so", PLUGIN, NULL},
		   *threaded[] = {THREADED_PLUGIN, NULL};
	int before = code_of(
		brood_start(.import = PLUGIN ":loaded_before", .start_method = "forkserver"));
	brood_forkserver_preload(none);
	int after = code_of(
		brood_start(.import = PLUGIN ":loaded_before", .start_method = "forkserver"));
	printf("%d %d\n", before, after);
	brood_forkserver_preload(threaded);
	brood_process *p = brood_start(.call = nothing, .start_method = "forkserver");
	printf("%d %s\n", p == NULL,
	       strstr(brood_error(), "has started threads: do not preload it") ? "refused"
									       : brood_error());
	brood_forkserver_preload(NULL);
	printf("%d\n", run_here(nothing));
	return 0;
}

static void test_preload(void **state)
{
	(void)state;
	outcome end;
	run_role("preloads", NULL, &end);
	assert_string_equal(end.out, "0 1\n1 refused\n0\n");
	assert_int_equal(end.status, 0);
}

static int keeps_so_many(void)
{
	pid_t warm[70];
	printf("%d %d\n", brood_forkserver_set_warm(-1), brood_forkserver_set_warm(65));
	for (int count = 0; count <= 5; count += 5) {
		brood_forkserver_set_warm(count);
		int r = brood_forkserver_start();
		for (int i = 0; i < 5000 && find_children("brood-warm", warm, 70) < count; i++)
			brood_sleep(0.001);
		printf("%d %d\n", r, find_children("brood-warm", warm, 70));
		printf("%d\n", run_here(nothing));
	}
	return 0;
}

static void test_the_number_of_warm_children(void **state)
{
	(void)state;
	outcome end;
	run_role("keeps_so_many", NULL, &end);
	assert_string_equal(end.out, "-22 -22\n0 0\n0\n0 5\n0\n");
}

static void *start_many(void *arg)
{
	for (int i = 0; i < 20; i++)
		*(int *)arg += run_here(nothing);
	return NULL;
}

static int has_threads(void)
{
	pthread_t threads[8];
	int codes[8] = {0}, sum = 0;
	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, start_many, &codes[i]);
	for (int i = 0; i < 8; i++) {
		pthread_join(threads[i], NULL);
		sum += codes[i];
	}
	brood_forkserver_stop();
	printf("%d %d\n", sum, brood_heap_check(stderr) == 0);
	return 0;
}

static void test_many_threads(void **state)
{
	(void)state;
	outcome end;
	run_role("has_threads", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "0 1\n");
	assert_int_equal(end.status, 0);
}

static int starts_many(void)
{
	static brood_process *all[300];
	brood_heap_stats before, after;
	run_here(nothing);
	brood_forkserver_stop();
	brood_heap_stats_get(&before);
	for (int i = 0; i < 300; i++)
		all[i] = brood_start(.call = nothing, .start_method = "forkserver");
	int codes = 0;
	for (int i = 0; i < 300; i++)
		codes += code_of(all[i]);
	brood_forkserver_stop();
	brood_heap_stats_get(&after);
	printf("%d %d %d\n", codes, after.blocks == before.blocks, waitpid(-1, NULL, 0) < 0);
	return 0;
}

static void test_nothing_stays(void **state)
{
	(void)state;
	outcome end;
	run_role("starts_many", NULL, &end);
	assert_string_equal(end.err, "");
	assert_string_equal(end.out, "0 1 1\n");
}

static int without_init(void)
{
	brood_process *p = brood_start(.call = nothing, .start_method = "forkserver");
	printf("%d %d\n", p == NULL, strstr(brood_error(), "brood_init()") != NULL);
	printf("%d\n", brood_forkserver_start());
	return 0;
}

static void test_without_brood_init(void **state)
{
	(void)state;
	outcome end;
	run_role("without_init", NULL, &end);
	assert_string_equal(end.out, "1 1\n-22\n");
}

static const role roles[] = {
	ROLE(kills_the_server),
	ROLE(stops_the_server),
	ROLE(kills_warm_children),
	ROLE(stops_warm_children),
	ROLE(names_its_helpers),
	ROLE(uses_the_servers_memory),
	ROLE(nests),
	ROLE(is_interrupted),
	ROLE(preloads),
	ROLE(keeps_so_many),
	ROLE(has_threads),
	ROLE(starts_many),
	ROLE(without_init),
};

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "without_init") != 0)
		brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_the_server_may_be_lost),
		TEST(test_nothing_survives_the_family),
		TEST(test_each_process_has_its_own),
		TEST(test_the_server_may_be_stopped_after_a_start),
		TEST(test_ctrl_c),
		TEST(test_preload),
		TEST(test_the_number_of_warm_children),
		TEST(test_many_threads),
		TEST(test_nothing_stays),
		TEST(test_without_brood_init),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
