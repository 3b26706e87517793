/* SPDX-License-Identifier: MIT */
/* Lists: values by index, what takes them out, and how it is shown. */

#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct job {
	int id;
	const char *path;
} job;
BROOD_TYPE(job, id, path);

static void test_values(void **state)
{
	(void)state;
	brood_list *list = brood_list_new();
	assert_string_equal(brood_list_repr(list), "[]");
	assert_int_equal(brood_list_append(list, "a"), 0);
	assert_int_equal(brood_list_append(list, 2), 0);
	assert_int_equal(brood_list_append_value(list, BROOD_NONE), 0);
	assert_string_equal(brood_list_repr(list), "['a', 2, None]");
	assert_int_equal(brood_list_insert(list, 0, 1.5), 0);
	assert_int_equal(brood_list_insert(list, 4, "end"), 0);
	assert_int_equal(brood_list_insert(list, -1, "last but one"), 0);
	assert_string_equal(brood_list_repr(list), "[1.5, 'a', 2, None, 'last but one', 'end']");
	assert_int_equal(brood_list_set(list, -2, 9), 0);
	int *number = brood_list_get(list, -2, int);
	assert_int_equal(*number, 9);
	brood_free(number);
	assert_int_equal(brood_list_index(list, "a"), 1);
	assert_int_equal(brood_list_index(list, 3), -ENOENT);
	assert_int_equal(brood_list_remove(list, "a"), 0);
	assert_int_equal(brood_list_remove(list, "a"), -ENOENT);
	assert_int_equal(brood_list_delete(list, 0), 0);
	char *text = brood_list_pop(list, -1, brood_string);
	assert_string_equal(text, "end");
	brood_free(text);
	assert_null(brood_list_pop(list, 0, brood_string));
	assert_int_equal(errno, EBADMSG); /* and stays */
	assert_string_equal(brood_list_repr(list), "[2, None, 9]");
	assert_int_equal(brood_list_length(list), 3);
	assert_int_equal(brood_list_clear(list), 0);
	assert_int_equal(brood_list_length(list), 0);
	assert_int_equal(brood_list_free(list), 0);
}

static void test_equal_values(void **state)
{
	(void)state;
	brood_list *list = brood_list_new();
	char a[] = "path", b[] = "path";
	brood_list_append_value(list, BROOD_ARGS(job, .id = 1, .path = a));
	brood_list_append_value(list, BROOD_ARGS(job, .id = 2, .path = a));
	brood_list_append(list, list);
	brood_list_append_value(list, BROOD_NONE);
	assert_int_equal(brood_list_index_value(list, BROOD_ARGS(job, .id = 2, .path = b)), 1);
	assert_int_equal(brood_list_index_value(list, BROOD_ARGS(job, .id = 2, .path = "p")),
			 -ENOENT);
	assert_int_equal(brood_list_index(list, list), 2);
	assert_int_equal(brood_list_index_value(list, BROOD_NONE), 3);
	assert_int_equal(brood_list_index(list, 1L), -ENOENT);
	assert_ptr_equal(brood_list_pop(list, 2, brood_list_handle), list);
	brood_list_free(list);
}

static void test_out_of_range(void **state)
{
	(void)state;
	brood_list *list = brood_list_new();
	brood_list_append(list, 1);
	const long beyond[] = {1, -2, LONG_MAX, LONG_MIN};
	for (int i = 0; i < 4; i++) {
		assert_null(brood_list_get(list, beyond[i], int));
		assert_int_equal(errno, ERANGE);
		assert_sentence("out of range");
		assert_int_equal(brood_list_set(list, beyond[i], 2), -ERANGE);
		assert_int_equal(brood_list_delete(list, beyond[i]), -ERANGE);
	}
	assert_int_equal(brood_list_insert(list, 2, 1), -ERANGE);
	assert_int_equal(brood_list_append((brood_list *)NULL, 1), -EINVAL);
	assert_int_equal(brood_list_length(NULL), -EINVAL);
	assert_null(brood_list_get_as(list, 0, NULL));
	brood_list_free(list);
	assert_int_equal(brood_list_append(list, 1), -EINVAL);
}

static void test_snapshot(void **state)
{
	(void)state;
	brood_list *list = brood_list_new();
	size_t count = 7;
	errno = 7;
	assert_null(brood_list_values(list, int, &count));
	assert_int_equal(errno, 0);
	assert_int_equal(count, 0);
	for (int i = 0; i < 100; i++)
		brood_list_append(list, i);
	int **values = brood_list_values(list, int, &count);
	assert_int_equal(count, 100);
	brood_list_clear(list);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(*values[i], i);
		brood_free(values[i]);
	}
	brood_free(values);
	brood_list_append(list, 1);
	brood_list_append(list, "two");
	assert_null(brood_list_values(list, int, &count));
	assert_int_equal(errno, EBADMSG);
	assert_null(brood_list_values(list, int, NULL));
	brood_list_free(list);
}

static void take_all(void *arg)
{
	brood_list *list = arg;
	int *number;
	while ((number = brood_list_pop(list, -1, int))) {
		note(*number);
		brood_free(number);
	}
}

/* What several processes take out, each takes once. */
static void test_processes(void **state)
{
	(void)state;
	brood_list *list = brood_list_new();
	for (int i = 0; i < 16; i++)
		brood_list_append(list, 1 << i);
	brood_process *p[3];
	for (int i = 0; i < 3; i++)
		p[i] = brood_start(.target = take_all, .args = BROOD_VALUE(list),
				   .start_method = "fork");
	int sum = 0;
	for (int i = 0; i < 3; i++) {
		brood_process_join(p[i]);
		brood_process_free(p[i]);
	}
	assert_int_equal(noted->count, 16);
	for (int i = 0; i < 16; i++)
		sum |= noted->value[i];
	assert_int_equal(sum, 0xffff);
	brood_list_free(list);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_values),   TEST(test_equal_values), TEST(test_out_of_range),
		TEST(test_snapshot), TEST(test_processes),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
