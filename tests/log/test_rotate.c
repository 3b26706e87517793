/* SPDX-License-Identifier: MIT */
/* Rotation: when, into what, and by several processes at once. */

#include "log_test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "log/target.h"

static char directory[] = "/tmp/brood-rotate-XXXXXX";

static const formatter plain;

static void say(rotating *to, const char *message)
{
	brood_log_record record = {
		.size = sizeof(record), .message = message, .message_length = strlen(message)};
	rotating_emit(&record, to);
}

static void expect_file(const char *name, const char *expected)
{
	char text[200];
	FILE *file = fopen(name, "r");
	if (!expected) {
		assert_null(file);
		return;
	}
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(text, expected);
}

/* As Python does it: a file never grows to max_bytes, unless by one line alone. */
static void test_when(void **state)
{
	(void)state;
	rotating *to = rotating_new("when.log", 10, 2, &plain);
	assert_non_null(to);
	say(to, "1234");
	expect_file("when.log", "1234\n");
	expect_file("when.log.1", NULL);
	say(to, "5678");
	expect_file("when.log", "5678\n");
	expect_file("when.log.1", "1234\n");
	say(to, "9ab");
	expect_file("when.log", "5678\n9ab\n");
	say(to, "longer than the limit");
	expect_file("when.log", "longer than the limit\n");
	expect_file("when.log.1", "5678\n9ab\n");
	expect_file("when.log.2", "1234\n");
	say(to, "x");
	expect_file("when.log", "x\n");
	expect_file("when.log.2", "5678\n9ab\n");
	expect_file("when.log.3", NULL);
	rotating_free(to);
}

static void test_never(void **state)
{
	(void)state;
	rotating *to = rotating_new("never.log", 4, 0, &plain);
	say(to, "1234");
	say(to, "5678");
	expect_file("never.log", "1234\n5678\n");
	expect_file("never.log.1", NULL);
	rotating_free(to);
}

/* A file that went away is made anew, a directory that went away is borne. */
static void test_gone(void **state)
{
	(void)state;
	rotating *to = rotating_new("gone.log", 100, 1, &plain);
	say(to, "one");
	assert_int_equal(unlink("gone.log"), 0);
	say(to, "two");
	expect_file("gone.log", "two\n");
	rotating_free(to);
	to = rotating_new("nosuch/gone.log", 100, 1, &plain);
	say(to, "lost");
	rotating_free(to);
}

/* Somebody keeps the lock: the line is written all the same, after a while. */
static void test_locked(void **state)
{
	(void)state;
	rotating *to = rotating_new("locked.log", 8, 1, &plain);
	say(to, "1234");
	int fd = open("locked.log", O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	say(to, "5678");
	expect_file("locked.log", "1234\n5678\n");
	close(fd);
	say(to, "9");
	expect_file("locked.log", "9\n");
	rotating_free(to);
}

enum { PROCESSES = 3, THREADS = 2, LINES = 400, BACKUPS = 400 };

typedef struct writer {
	rotating *to;
	int who;
} writer;

static void *write_lines(void *arg)
{
	const writer *me = arg;
	char text[40];
	for (int i = 0; i < LINES; i++) {
		snprintf(text, sizeof(text), "line %d %d end", me->who, i);
		say(me->to, text);
	}
	return NULL;
}

static void write_in_threads(rotating *to, int first)
{
	pthread_t threads[THREADS];
	writer writers[THREADS];
	for (int i = 0; i < THREADS; i++) {
		writers[i] = (writer){.to = to, .who = first + i};
		pthread_create(&threads[i], NULL, write_lines, &writers[i]);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* Counts the lines of a file, each of them whole; from the oldest file to the newest. */
static void count_lines(const char *name, int next[PROCESSES * THREADS])
{
	char line[100];
	FILE *file = fopen(name, "r");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		int who, i, end = 0;
		assert_int_equal(sscanf(line, "line %d %d end%n", &who, &i, &end), 2);
		assert_string_equal(line + end, "\n");
		assert_in_range(who, 0, PROCESSES * THREADS - 1);
		assert_int_equal(i, next[who]++);
	}
	fclose(file);
}

static void test_together(void **state)
{
	(void)state;
	rotating *to = rotating_new("together.log", 300, BACKUPS, &plain);
	pid_t children[PROCESSES];
	for (int p = 0; p < PROCESSES; p++) {
		children[p] = fork();
		assert_true(children[p] >= 0);
		if (children[p] == 0) {
			alarm(40);
			write_in_threads(to, p * THREADS);
			_exit(0);
		}
	}
	for (int p = 0; p < PROCESSES; p++) {
		int status;
		assert_int_equal(waitpid(children[p], &status, 0), children[p]);
		assert_int_equal(status, 0);
	}
	int next[PROCESSES * THREADS] = {0};
	char name[40];
	for (int i = BACKUPS; i > 0; i--) {
		snprintf(name, sizeof(name), "together.log.%d", i);
		struct stat st;
		if (stat(name, &st) == 0)
			assert_in_range(st.st_size, 1, 299);
		count_lines(name, next);
	}
	count_lines("together.log", next);
	for (int i = 0; i < PROCESSES * THREADS; i++)
		assert_int_equal(next[i], LINES);
	rotating_free(to);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int remove_directory(void **state)
{
	char command[100];
	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", directory);
	return chdir("/") == 0 ? system(command) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),	 cmocka_unit_test(test_never),
		cmocka_unit_test(test_gone),	 cmocka_unit_test(test_locked),
		cmocka_unit_test(test_together),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
