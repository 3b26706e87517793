/* SPDX-License-Identifier: MIT */
/*
 * Threads and forked children that log while handlers come and go: no line is
 * torn or lost, nothing freed is used, no child hangs.
 */

#include "log_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <time.h>

#include "brood/log.h"

enum { THREADS = 4, LINES = 400, CHILDREN = 3 };

static void *say_lines(void *arg)
{
	char filler[200];
	int who = *(const int *)arg;
	memset(filler, 'a' + who % 26, sizeof(filler));
	for (int i = 0; i < LINES; i++)
		brood_log_info("%d %d %.*s", who, i, i % 200, filler);
	return NULL;
}

static void say_in_threads(int first)
{
	pthread_t threads[THREADS];
	int who[THREADS];
	for (int i = 0; i < THREADS; i++) {
		who[i] = first + i;
		pthread_create(&threads[i], NULL, say_lines, &who[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Checks one line; returns its index among its writer's. */
static int check_line(char *line, int *ret_who)
{
	int i, end = 0;
	assert_int_equal(sscanf(line, "[INFO/MainProcess] %d %d %n", ret_who, &i, &end), 2);
	size_t length = strlen(line + end);
	char letter[2] = {(char)('a' + *ret_who % 26), '\0'};
	assert_int_equal(length, i % 200);
	assert_int_equal(strspn(line + end, letter), length);
	return i;
}

static void check_lines(FILE *file)
{
	int next[THREADS * CHILDREN] = {0}, who;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	while ((length = getline(&line, &size, file)) > 0) {
		assert_int_equal(line[length - 1], '\n');
		line[length - 1] = '\0';
		int i = check_line(line, &who);
		assert_in_range(who, 0, THREADS * CHILDREN - 1);
		assert_int_equal(i, next[who]++);
	}
	free(line);
	for (int i = 0; i < THREADS * CHILDREN; i++)
		assert_int_equal(next[i], LINES);
}

static void wait_well(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Several processes with several threads each, into one file. */
static void test_torn(void **state)
{
	(void)state;
	FILE *file = tmpfile();
	assert_non_null(file);
	fcntl(fileno(file), F_SETFL, O_APPEND);
	pid_t children[CHILDREN];
	for (int c = 0; c < CHILDREN; c++) {
		children[c] = fork();
		if (children[c] == 0) {
			alarm(30);
			dup2(fileno(file), 2);
			brood_log_to_stderr(BROOD_LOG_INFO);
			say_in_threads(c * THREADS);
			_exit(0);
		}
	}
	for (int c = 0; c < CHILDREN; c++)
		wait_well(children[c]);
	rewind(file);
	check_lines(file);
	fclose(file);
}

static atomic_int alive, calls;
static atomic_bool stop;

/* What a handler owns: a use after its release shows. */
typedef struct owned {
	int magic;
} owned;

static void use(const brood_log_record *record, void *data)
{
	const owned *mine = data;
	(void)record;
	if (mine->magic != 4711)
		abort();
	calls++;
}

static void release(void *data)
{
	owned *mine = data;
	mine->magic = 0;
	free(mine);
	alive--;
}

static long add_owned(brood_logger *logger)
{
	owned *mine = malloc(sizeof(*mine));
	mine->magic = 4711;
	alive++;
	return brood_logger_add_handler_owned(logger, 0, use, mine, release);
}

static void *change_handlers(void *arg)
{
	brood_logger *logger = arg;
	for (int i = 0; i < 2000; i++) {
		long id = add_owned(logger);
		if (id <= 0 || brood_logger_remove_handler(logger, id) < 0)
			abort();
	}
	return NULL;
}

static void *keep_logging(void *arg)
{
	char name[30];
	for (int i = 0; !stop; i++) {
		brood_log(arg, BROOD_LOG_ERROR, "%d", i);
		snprintf(name, sizeof(name), "stress.%d.%d", i % 100, i % 7);
		if (!brood_logger_get(name))
			abort();
	}
	return NULL;
}

static void test_changes(void **state)
{
	(void)state;
	brood_logger *logger = brood_logger_get("changes");
	pthread_t changers[2], loggers[2];
	stop = false;
	long id = add_owned(logger);
	for (int i = 0; i < 2; i++) {
		pthread_create(&changers[i], NULL, change_handlers, logger);
		pthread_create(&loggers[i], NULL, keep_logging, logger);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(changers[i], NULL);
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(loggers[i], NULL);
	assert_true(calls > 0);
	brood_logger_remove_handler(logger, id);
	brood_log(logger, BROOD_LOG_ERROR, "nobody reads now");
	assert_int_equal(alive, 0);
}

/* Formats with a time: glibc's own functions for that lock. */
static void format_time(const brood_log_record *record, void *data)
{
	char text[100];
	(void)data;
	if (brood_log_format(record, "%(asctime)s %(message)s", "%c %Z %z", text, sizeof(text)) <=
	    0)
		abort();
}

static void *keep_asking_libc(void *arg)
{
	struct tm local;
	(void)arg;
	for (time_t t = 0; !stop; t++)
		localtime_r(&t, &local);
	return NULL;
}

static void child_of_threads(brood_logger *logger)
{
	alarm(20);
	brood_log(logger, BROOD_LOG_ERROR, "in the child");
	long id = add_owned(logger);
	int before = alive;
	brood_log(logger, BROOD_LOG_ERROR, "in the child");
	brood_logger_remove_handler(logger, id);
	brood_log(logger, BROOD_LOG_ERROR, "in the child");
	/* Only the forking thread's readings count here, and it has none. */
	_exit(alive == before - 1 ? 0 : 3);
}

static void test_forks(void **state)
{
	(void)state;
	brood_logger *logger = brood_logger_get("forks");
	pthread_t threads[4];
	stop = false;
	long time_id = brood_logger_add_handler(logger, 0, format_time, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, keep_logging, logger);
	pthread_create(&threads[2], NULL, keep_asking_libc, NULL);
	pthread_create(&threads[3], NULL, keep_asking_libc, NULL);
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			child_of_threads(logger);
		wait_well(pid);
	}
	stop = true;
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	brood_logger_remove_handler(logger, time_id);
}

/* A fork inside a handler: the child finishes the walk that it is in. */
static void fork_inside(const brood_log_record *record, void *data)
{
	long *id = data;
	brood_logger *logger = brood_logger_get("inside");
	pid_t pid = fork();
	if (pid == 0) {
		alarm(20);
		brood_logger_remove_handler(logger, *id);
		brood_log(logger, record->level, "by the child");
		*id = 0;
		return;
	}
	wait_well(pid);
}

static void test_fork_inside(void **state)
{
	(void)state;
	pid_t me = getpid();
	brood_logger *logger = brood_logger_get("inside");
	long id = add_owned(logger), self = brood_logger_add_handler(logger, 0, fork_inside, &id);
	int before = alive;
	brood_log(logger, BROOD_LOG_ERROR, "fork");
	if (getpid() != me)
		_exit(alive == before - 1 && id == 0 ? 0 : 3);
	brood_logger_remove_handler(logger, self);
	brood_logger_remove_handler(logger, id);
	assert_int_equal(alive, before - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_forks),
		cmocka_unit_test(test_fork_inside),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
