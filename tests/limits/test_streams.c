/* SPDX-License-Identifier: MIT */
/*
 * Standard streams that are closed, and pipes that are full, as standard error or another stream
 * of the log.
 *
 *	test_streams			the tests
 *	test_streams use N		runs all uses without the streams that are set in N's bits
 *	test_streams late N		closes them when the library is in use
 *	test_streams ROLE		what a test's name says
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/brood.h"
#include "uses.h"

enum { SECONDS = 100, SETS = 8 };

/* --- closed streams --- */

static void close_streams(unsigned set)
{
	for (int fd = 0; fd < 3; fd++)
		if (set & 1U << fd)
			close(fd);
}

/* The library takes none of the free numbers for its own. */
static int streams_are_closed(unsigned set)
{
	int wrong = 0;
	for (int fd = 0; fd < 3; fd++)
		if (set & 1U << fd && fcntl(fd, F_GETFD) >= 0) {
			uses_say("descriptor %d is open\n", fd);
			wrong++;
		}
	return wrong;
}

static int use_all(unsigned set)
{
	int wrong = 0;
	uses_left(NULL, NULL);
	for (size_t i = 0; i < use_count; i++)
		use_run(&uses[i]);
	uses_left(NULL, NULL);
	for (size_t i = 0; i < use_count; i++) {
		shown is = use_run(&uses[i]);
		wrong += is.wrong + (is.err != 0);
		if (is.err)
			uses_say("%s: %s\n", uses[i].name, is.sentence);
		uses_left(uses[i].name, &wrong);
	}
	return wrong + streams_are_closed(set) ? 1 : 0;
}

static int run(const char *how, const char *what, unsigned closed, char *text, size_t size)
{
	int told = memfd_create("told", 0);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(told, USES_TELL);
		alarm(SECONDS);
		close_streams(closed);
		execl("/proc/self/exe", "test_streams", how, what, (char *)NULL);
		_exit(127);
	}
	return uses_end(pid, told, text, size);
}

static void test_closed(void **state)
{
	static char text[65536];
	const char *how = *state;
	for (unsigned set = 1; set < SETS; set++) {
		char number[8];
		snprintf(number, sizeof(number), "%u", set);
		int status =
			run(how, number, strcmp(how, "use") == 0 ? set : 0, text, sizeof(text));
		if (status != 0)
			fail_msg("streams %u closed, %s: status %d\n%s", set, how, status, text);
	}
}

/* --- full pipes --- */

static void raise_error(void)
{
	brood_log_at(brood_get_logger(), BROOD_LOG_INFO, __FILE__, __LINE__, __func__, "in child");
	brood_raise("ValueError", "nobody reads this");
}

/* A pipe's two ends; it is filled. Returns how much is in it. */
static size_t fill(int ends[2])
{
	static const char dots[4096];
	size_t size = 0;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		_exit(100);
	while (write(ends[1], dots, sizeof(dots)) > 0)
		size += sizeof(dots);
	return size;
}

static int joined_with(brood_process *p, int code)
{
	if (brood_process_join_timed(p, 30) == 0 && brood_process_exitcode(p) == code) {
		brood_process_free(p);
		return 0;
	}
	uses_say("exit code %d, not %d: %s\n", p ? brood_process_exitcode(p) : 0, code,
		 brood_error());
	return 1;
}

/* What does not fit is dropped, and nothing waits for it. */
static int full_and_nonblocking(void)
{
	int ends[2], wrong = 0;
	fill(ends);
	dup2(ends[1], STDERR_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	brood_log_to_stderr(BROOD_LOG_DEBUG);
	puts("this is pending");
	wrong += joined_with(brood_start(.call = raise_error), 1);
	wrong += use_all(0);
	return wrong;
}

/* Nobody reads any more: no SIGPIPE ends the process for a line of the log. */
static int broken(void)
{
	int ends[2], wrong = 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return 1;
	dup2(ends[1], STDERR_FILENO);
	close(ends[0]);
	close(ends[1]);
	brood_log_to_stderr(BROOD_LOG_DEBUG);
	wrong += joined_with(brood_start(.call = raise_error), 1);
	wrong += use_all(0);
	return wrong;
}

static _Atomic int logging; /* 1: about to, 2: done */

static void *log_a_line(void *unused)
{
	logging = 1;
	brood_log_at(brood_get_logger(), BROOD_LOG_ERROR, __FILE__, __LINE__, __func__, "a line");
	logging = 2;
	return unused;
}

static void nothing(void) {}

/* Until the thread sleeps in write(2). */
static void wait_for_sleep(pid_t thread)
{
	char path[64], state = 0;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	while (state != 'S') {
		FILE *file = fopen(path, "r");
		if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
			_exit(101);
		fclose(file);
	}
}

static _Atomic pid_t logger_thread;

static void *log_as_a_thread(void *unused)
{
	logger_thread = gettid();
	return log_a_line(unused);
}

/* A thread waits in the log: the others go on, and the line comes whole when somebody reads. */
static int full_and_blocking(void)
{
	int ends[2], wrong = 0;
	size_t before = fill(ends);
	static char text[1 << 20];
	pthread_t thread;
	fcntl(ends[1], F_SETFL, 0);
	dup2(ends[1], STDERR_FILENO);
	brood_log_to_stderr(BROOD_LOG_ERROR);
	pthread_create(&thread, NULL, log_as_a_thread, NULL);
	while (!logging)
		sched_yield();
	wait_for_sleep(logger_thread);
	wrong += joined_with(brood_start(.call = nothing), 0);
	wrong += use_all(0);
	wrong += logging == 2;
	fcntl(ends[0], F_SETFL, 0);
	for (size_t size = 0; size < before;)
		size += (size_t)read(ends[0], text, before - size);
	pthread_join(thread, NULL);
	ssize_t length = read(ends[0], text, sizeof(text) - 1);
	text[length > 0 ? length : 0] = '\0';
	if (strcmp(text, "[ERROR/MainProcess] a line\n") != 0) {
		uses_say("the line is '%s'\n", text);
		wrong++;
	}
	return wrong;
}

typedef struct role {
	const char *name;
	int (*run)(void);
} role;
static const role roles[] = {
	{"a full pipe, O_NONBLOCK", full_and_nonblocking},
	{"a full pipe that blocks", full_and_blocking},
	{"a pipe that nobody reads", broken},
};
enum { ROLES = sizeof(roles) / sizeof(roles[0]) };

static void test_role(void **state)
{
	static char text[65536];
	const role *r = *state;
	int status = run("role", r->name, 0, text, sizeof(text));
	if (status != 0)
		fail_msg("%s: status %d\n%s", r->name, status, text);
}

int main(int argc, char **argv)
{
	brood_init();
	unsigned set = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	if (argc > 2 && strcmp(argv[1], "late") == 0) {
		use_all(0);
		close_streams(set);
	}
	if (argc > 2 && strcmp(argv[1], "role") != 0)
		return use_all(set);
	for (size_t i = 0; argc > 2 && i < ROLES; i++)
		if (strcmp(argv[2], roles[i].name) == 0)
			return roles[i].run() ? 1 : 0;
	const struct CMUnitTest tests[] = {
		{"closed before", test_closed, NULL, NULL, (void *)(size_t) "use"},
		{"closed later", test_closed, NULL, NULL, (void *)(size_t) "late"},
		{roles[0].name, test_role, NULL, NULL, (void *)(size_t)&roles[0]},
		{roles[1].name, test_role, NULL, NULL, (void *)(size_t)&roles[1]},
		{roles[2].name, test_role, NULL, NULL, (void *)(size_t)&roles[2]},
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
