/* SPDX-License-Identifier: MIT */
/* Values on the family's heap: what one process copies, another uses in place and frees. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "brood/heap.h"
#include "brood/type.h"
#include "heap/heap.h"
#include "type/pickle.h"

BROOD_STRUCT(job, (int, id), (const char *, path), BROOD_MANY(double, values, n_values),
	     BROOD_SHARED(int *, counter));

/* Runs in a child; whether it returned true. */
static bool in_child(bool (*check)(job *), job *value)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(check(value) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool use_and_free(job *value)
{
	if (!brood_is(value, job) || strcmp(brood_type_name(value), "job") != 0)
		return false;
	if (value->id != 3 || strcmp(value->path, "path") != 0 || value->n_values != 2)
		return false;
	*value->counter += (int)value->values[1];
	return brood_free(value) == 0;
}

static void test_passed_on(void **state)
{
	(void)state;
	double values[] = {1, 41};
	int *counter = brood_calloc(1, sizeof(*counter));
	assert_non_null(counter);
	*counter = 1;
	brood_value given = BROOD_ARGS(job, .id = 3, .path = "path", .values = values,
				       .n_values = 2, .counter = counter);
	pickled out;
	assert_int_equal(pickle(&given, HEAP_OWNER_FAMILY, &out), 0);
	assert_true(in_child(use_and_free, out.arg));
	assert_int_equal(*counter, 42);
	assert_int_equal(brood_free(out.arg), -EINVAL);
	assert_int_equal(brood_free(counter), 0);
}

static void test_large(void **state)
{
	(void)state;
	enum { SIZE = 5 << 20 };
	brood_bytes given = {calloc(1, SIZE), SIZE};
	assert_non_null(given.data);
	brood_bytes *copy = brood_copy(BROOD_VALUE(given));
	assert_non_null(copy);
	assert_int_equal(copy->size, SIZE);
	assert_memory_equal(copy->data, given.data, SIZE);
	assert_true(brood_is(copy, brood_bytes));
	assert_int_equal(brood_free(copy), 0);
	free(given.data);
}

static void test_not_a_copy(void **state)
{
	(void)state;
	int *plain = brood_calloc(100, sizeof(*plain));
	job *copy = brood_copy(BROOD_ARGS(job, .path = "path"));
	assert_false(brood_is(plain, int));
	assert_null(brood_type_name(plain + 16));
	assert_null(brood_type_name(copy->path));
	brood_free(copy);
	assert_false(brood_is(copy, job));
	brood_free(plain);
}

static void test_dump(void **state)
{
	(void)state;
	void *data;
	size_t size;
	assert_int_equal(brood_dump(BROOD_ARGS(job, .id = 3, .path = "path"), &data, &size), 0);
	job *loaded = brood_load(job, data, size);
	assert_non_null(loaded);
	assert_string_equal(loaded->path, "path");
	assert_int_equal(brood_free(loaded), 0);
	free(data);
}

static int nothing_left(void **state)
{
	brood_heap_stats stats;
	(void)state;
	if (brood_heap_stats_get(&stats) < 0)
		return -1;
	return stats.blocks == 0 && brood_heap_check(stderr) == 0 ? 0 : -1;
}

#define TEST(name) cmocka_unit_test_teardown(name, nothing_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_passed_on),
		TEST(test_large),
		TEST(test_not_a_copy),
		TEST(test_dump),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
