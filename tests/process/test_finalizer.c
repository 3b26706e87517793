/* SPDX-License-Identifier: MIT */
/* Finalizers: order, once only, cancelled, inherited ones, raising ones, many threads. */

#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "process/finalizer.h"

static int order[16];
static int count;

static void record(void *arg)
{
	order[count++] = *(int *)arg;
}

static void test_order(void **state)
{
	(void)state;
	int n[] = {0, 1, 2, 3, 4, 5};
	brood_finalizer *made[] = {
		brood_finalizer_new(record, &n[0], -5), brood_finalizer_new(record, &n[1], 0),
		brood_finalizer_new(record, &n[2], 10), brood_finalizer_new(record, &n[3], 0),
		brood_finalizer_new(record, &n[4], 10), brood_finalizer_new(record, &n[5], -5),
	};
	count = 0;
	finalizers_run(0);
	const int first[] = {4, 2, 3, 1};
	assert_int_equal(count, 4);
	assert_memory_equal(order, first, sizeof(first));
	finalizers_run(INT_MIN);
	assert_int_equal(count, 6);
	assert_int_equal(order[4], 5);
	assert_int_equal(order[5], 0);
	for (int i = 0; i < 6; i++)
		brood_finalizer_free(made[i]);
}

static void test_once_only(void **state)
{
	(void)state;
	int n = 1;
	count = 0;
	brood_finalizer *f = brood_finalizer_new(record, &n, 0);
	assert_true(brood_finalizer_active(f));
	assert_int_equal(brood_finalizer_run(f), 1);
	assert_int_equal(brood_finalizer_run(f), 0);
	assert_false(brood_finalizer_active(f));
	finalizers_run(INT_MIN);
	assert_int_equal(count, 1);
	assert_int_equal(brood_finalizer_cancel(f), 0);
	brood_finalizer_free(f);
}

static void test_cancelled(void **state)
{
	(void)state;
	int n = 1;
	count = 0;
	brood_finalizer *f = brood_finalizer_new(record, &n, 0);
	assert_int_equal(brood_finalizer_cancel(f), 1);
	assert_int_equal(brood_finalizer_run(f), 0);
	brood_finalizer_free(f);
	f = brood_finalizer_new(record, &n, 0);
	brood_finalizer_free(f);
	finalizers_run(INT_MIN);
	assert_int_equal(count, 0);
}

static char heard[8][128];
static int lines;

static void hear(const brood_log_record *it, void *data)
{
	(void)data;
	snprintf(heard[lines++ % 8], sizeof(heard[0]), "%d %s", it->level, it->message);
}

static void run_an_inherited_one(void *finalizer)
{
	lines = 0;
	exit(brood_finalizer_run(finalizer) == 0 && lines == 1 &&
			     !strcmp(heard[0], "5 finalizer ignored because different process")
		     ? 0
		     : 1);
}

static void test_told_at_level_5(void **state)
{
	(void)state;
	int n = 1;
	char expected[128];
	brood_logger *logger = brood_get_logger();
	brood_finalizer *f = brood_finalizer_new(record, &n, 7);
	brood_logger_set_level(logger, BROOD_LOG_SUBDEBUG);
	long id = brood_logger_add_handler(logger, 0, hear, NULL);
	brood_process *p = brood_start(.target = run_an_inherited_one, .args = BROOD_BORROW(f),
				       .start_method = "fork");
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), 0);
	brood_process_free(p);
	count = lines = 0;
	finalizers_run(0);
	assert_int_equal(lines, 2);
	/* Without libdw a static function has no name. */
	const char *name = strstr(heard[0], "record") ? "record" : "?";
	snprintf(expected, sizeof(expected),
		 "5 calling <Finalize object, callback=%s, args=(%p), exitpriority=7>", name,
		 (void *)&n);
	assert_string_equal(heard[0], expected);
	snprintf(expected, sizeof(expected), "5 finalizer calling %s with args (%p)", name,
		 (void *)&n);
	assert_string_equal(heard[1], expected);
	assert_int_equal(brood_finalizer_run(f), 0);
	assert_int_equal(lines, 3);
	assert_string_equal(heard[2], "5 finalizer no longer registered");
	brood_logger_remove_handler(logger, id);
	brood_logger_set_level(logger, BROOD_LOG_NOTSET);
	brood_finalizer_free(f);
}

static void test_wrong_calls(void **state)
{
	(void)state;
	assert_null(brood_finalizer_new(NULL, NULL, 0));
	assert_int_equal(errno, EINVAL);
	assert_sentence("callback");
	assert_int_equal(brood_finalizer_run(NULL), -EINVAL);
	assert_sentence("callback");
	assert_int_equal(brood_finalizer_cancel(NULL), -EINVAL);
	assert_false(brood_finalizer_active(NULL));
	brood_finalizer_free(NULL);
}

static brood_finalizer *inherited;

static void look_at_inherited(void)
{
	note(brood_finalizer_active(inherited));
	note(brood_finalizer_run(inherited));
	note(brood_finalizer_cancel(inherited));
}

static void test_a_child_inherits_none(void **state)
{
	(void)state;
	int n = 1;
	count = 0;
	inherited = brood_finalizer_new(record, &n, 0);
	brood_process *p = brood_start(.call = look_at_inherited, .start_method = "fork");
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), 0);
	brood_process_free(p);
	assert_int_equal(noted->count, 3);
	assert_int_equal(noted->value[0] + noted->value[1] + noted->value[2], 0);
	assert_true(brood_finalizer_active(inherited));
	brood_finalizer_free(inherited);
}

static void raises(void *arg)
{
	brood_raise("ValueError", "in finalizer %s", (const char *)arg);
}

static void says(void *arg)
{
	printf("%s\n", (const char *)arg);
}

static void child_with_raising_finalizers(void)
{
	brood_finalizer_new(says, "last", 0);
	brood_finalizer_new(raises, "two", 1);
	brood_finalizer_new(says, "first", 2);
}

static int finalizers_raise(void)
{
	brood_process *p = brood_start(.call = child_with_raising_finalizers);
	brood_process_join(p);
	printf("%d\n", brood_process_exitcode(p));
	return 0;
}

static void test_one_that_raises_does_not_stop_the_others(void **state)
{
	(void)state;
	outcome end;
	run_role("finalizers_raise", NULL, &end);
	assert_int_equal(end.status, 0);
	assert_string_equal(end.out, "first\nlast\n0\n");
	assert_non_null(strstr(end.err, "in raises\n"));
	assert_non_null(strstr(end.err, "ValueError: in finalizer two\n"));
}

static void count_atomically(void *arg)
{
	(*(_Atomic int *)arg)++;
}

static void *make_and_cancel(void *arg)
{
	for (int i = 0; i < 500; i++) {
		brood_finalizer *f = brood_finalizer_new(count_atomically, arg, i % 7);
		if (i % 3 == 0)
			brood_finalizer_cancel(f);
		else
			brood_finalizer_run(f);
		brood_finalizer_free(f);
	}
	return NULL;
}

static void test_many_threads(void **state)
{
	(void)state;
	_Atomic int ran = 0;
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, make_and_cancel, &ran);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(ran, 4 * (500 - 167));
}

static const role roles[] = {ROLE(finalizers_raise)};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_order),
		TEST(test_once_only),
		TEST(test_cancelled),
		TEST(test_told_at_level_5),
		TEST(test_wrong_calls),
		TEST(test_a_child_inherits_none),
		TEST(test_one_that_raises_does_not_stop_the_others),
		TEST(test_many_threads),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
