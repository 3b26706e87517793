/* SPDX-License-Identifier: MIT */
/* Deep copies into one block: what the receiver gets, and what is refused. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/error.h"
#include "fake_heap.h"
#include "type/pickle_block.h"
#include "type/pickle.h"

typedef struct point {
	char tag;
	double x;
	const char *label;
} point;
BROOD_TYPE(point, tag, x, label);

typedef struct job {
	char tag;
	int id;
	const char *path;
	char name[16];
	brood_bytes data;
	point where;
	point corners[2];
	point *items;
	int n_items;
	short *values;
	int64_t n_values;
	const char **words;
	uint8_t n_words;
	brood_queue *queue;
	void *shared;
} job;
BROOD_TYPE(job, tag, id, path, name, data, BROOD_NESTED(point, where), BROOD_NESTED(point, corners),
	   BROOD_MANY(point, items, n_items), BROOD_MANY(short, values, n_values),
	   BROOD_MANY(brood_string, words, n_words), queue, BROOD_SHARED(shared));

typedef struct tree {
	int number;
	struct tree *children;
	int n_children;
} tree;
BROOD_TYPE(tree, number, BROOD_MANY(tree, children, n_children));

typedef struct job2 {
	int id;
} job2;
BROOD_TYPE(job2, id);

static int no_block_left(void **state)
{
	(void)state;
	fake_heap_fail_after(-1);
	return fake_heap_live() == 0 ? 0 : -1;
}

static void assert_refused(brood_value value, const char *in_sentence)
{
	pickled out = {.arg = (void *)0x5a};
	errno = 0;
	assert_int_equal(pickle(&value, HEAP_OWNER_FAMILY, &out), -EINVAL);
	assert_int_equal(errno, EINVAL);
	assert_non_null(strstr(brood_error(), in_sentence));
	assert_ptr_equal(out.arg, (void *)0x5a);
	assert_int_equal(fake_heap_live(), 0);
}

static void test_scalar(void **state)
{
	(void)state;
	for (int i = -2; i < 3; i++) {
		int *copy = brood_copy(BROOD_VALUE(i));
		assert_non_null(copy);
		assert_int_equal(*copy, i);
		assert_int_equal((uintptr_t)copy % 64, 0);
		assert_true(brood_is(copy, int));
		assert_false(brood_is(copy, unsigned));
		assert_string_equal(brood_type_name(copy), "int");
		*copy = 7;
		assert_int_equal(brood_free(copy), 0);
	}
	double pi = 3.25;
	double *copy = brood_copy(BROOD_POINTED(double, &pi));
	assert_true(*copy == pi && copy != &pi);
	brood_free(copy);
}

static void test_string(void **state)
{
	(void)state;
	char given[] = "some text";
	char *copy = brood_copy(BROOD_VALUE(given));
	given[0] = 'X';
	assert_string_equal(copy, "some text");
	assert_true(brood_is(copy, brood_string));
	brood_free(copy);
	copy = brood_copy(BROOD_VALUE(""));
	assert_string_equal(copy, "");
	brood_free(copy);
	copy = given;
	errno = EIO;
	assert_null(brood_copy(BROOD_VALUE((char *)NULL)));
	assert_int_equal(errno, 0);
}

static void test_bytes(void **state)
{
	(void)state;
	char data[] = {1, 0, 2};
	brood_bytes given = {data, sizeof(data)};
	brood_bytes *copy = brood_copy(BROOD_VALUE(given));
	assert_int_equal(copy->size, 3);
	assert_memory_equal(copy->data, data, 3);
	assert_ptr_not_equal(copy->data, data);
	assert_int_equal((uintptr_t)copy->data % 16, 0);
	brood_free(copy);
	given.size = 0;
	copy = brood_copy(BROOD_VALUE(given));
	assert_null(copy->data);
	assert_int_equal(copy->size, 0);
	brood_free(copy);
	assert_refused(BROOD_VALUE(((brood_bytes){NULL, 1})), "value");
	assert_refused(BROOD_VALUE(((brood_bytes){data, SIZE_MAX})), "larger than memory");
}

/* Everything a job can hold, none of which may be shared with its copy. */
static void test_struct(void **state)
{
	(void)state;
	void *shared = heap_alloc(64, 8, HEAP_OWNER_FAMILY);
	char path[] = "path", word[] = "word", label[] = "label";
	point items[3] = {{'i', 1, label}, {'j', 2, NULL}, {'k', 3, label}};
	short values[5] = {1, 2, 3, 4, 5};
	const char *words[3] = {word, NULL, ""};
	job given = {
		.tag = 't',
		.id = 9,
		.path = path,
		.name = "name",
		.data = {label, 3},
		.where = {'w', 0.5, label},
		.corners = {{'c', 1.5, label}, {'d', 2.5, path}},
		.items = items,
		.n_items = 3,
		.values = values,
		.n_values = 5,
		.words = words,
		.n_words = 3,
		.queue = shared,
		.shared = (char *)shared + 1,
	};
	job *copy = brood_copy(BROOD_POINTED(job, &given));
	assert_non_null(copy);
	assert_int_equal(fake_heap_live(), 2);
	path[0] = word[0] = label[0] = 'X';
	memset(items, 0, sizeof(items));
	memset(values, 0, sizeof(values));
	memset(words, 0, sizeof(words));
	memset(&given, 0, sizeof(given));

	assert_int_equal(copy->tag, 't');
	assert_int_equal(copy->id, 9);
	assert_string_equal(copy->path, "path");
	assert_string_equal(copy->name, "name");
	assert_int_equal(copy->data.size, 3);
	assert_memory_equal(copy->data.data, "lab", 3);
	assert_string_equal(copy->where.label, "label");
	assert_string_equal(copy->corners[1].label, "path");
	assert_int_equal(copy->n_items, 3);
	assert_string_equal(copy->items[0].label, "label");
	assert_null(copy->items[1].label);
	assert_true(copy->items[2].x == 3);
	assert_int_equal(copy->n_values, 5);
	assert_int_equal(copy->values[4], 5);
	assert_int_equal(copy->n_words, 3);
	assert_string_equal(copy->words[0], "word");
	assert_null(copy->words[1]);
	assert_string_equal(copy->words[2], "");
	assert_ptr_equal(copy->queue, shared);
	assert_ptr_equal(copy->shared, (char *)shared + 1);
	assert_true(brood_is(copy, job));
	assert_false(brood_is(copy, job2));
	assert_string_equal(brood_type_name(copy), "job");
	brood_free(copy);
	brood_free(shared);
}

/* Two copies are equal byte for byte, but for where they are: no padding is left as it was. */
static void test_padding(void **state)
{
	(void)state;
	point given;
	memset(&given, 0xff, sizeof(given));
	given.tag = 'a';
	given.x = 1;
	given.label = NULL;
	point *copy = brood_copy(BROOD_POINTED(point, &given));
	const unsigned char *bytes = (const unsigned char *)copy;
	for (size_t i = 1; i < offsetof(point, x); i++)
		assert_int_equal(bytes[i], 0);
	brood_free(copy);
}

typedef struct answer {
	bool yes;
} answer;
BROOD_TYPE(answer, yes);

/* A bool that was never set: a receiver can be undefined on any other byte. */
static void test_unset_bool(void **state)
{
	(void)state;
	answer given;
	memset(&given, 0x40, sizeof(given));
	answer *copy = brood_copy(BROOD_POINTED(answer, &given));
	assert_int_equal(*(unsigned char *)copy, 1);
	brood_free(copy);
}

static void test_empty_arrays(void **state)
{
	(void)state;
	short value = 1;
	job *copy = brood_copy(BROOD_ARGS(job, .values = &value, .n_values = 0));
	assert_null(copy->values);
	assert_null(copy->items);
	assert_null(copy->path);
	brood_free(copy);
}

static void test_bad_fields(void **state)
{
	(void)state;
	short value = 1;
	int local;
	assert_refused(BROOD_ARGS(job, .n_values = 1), "'values' of 'job'");
	assert_refused(BROOD_ARGS(job, .values = &value, .n_values = -1), "negative");
	assert_refused(BROOD_ARGS(job, .values = &value, .n_values = INT64_MAX),
		       "'values' of 'job'");
	assert_refused(BROOD_ARGS(job, .n_items = -1), "'items' of 'job'");
	assert_refused(BROOD_ARGS(job, .data = {NULL, 1}), "'data' of 'job'");
	assert_refused(BROOD_ARGS(job, .shared = &local), "'shared' of 'job'");
	assert_refused(BROOD_ARGS(job, .queue = (brood_queue *)&local), "'queue' of 'job'");
	assert_refused(BROOD_SHARE(&local), "family's heap");
	assert_refused(BROOD_VALUE((brood_queue *)&local), "brood_queue");
	assert_refused(BROOD_POINTED(job, NULL), "");
	assert_refused(BROOD_POINTED(int, NULL), "");
}

/* A NULL handle is a constructor's failure that was not looked at: its sentence is told. */
static void test_null_handle(void **state)
{
	(void)state;
	brood_queue *queue = error_null(ENOMEM, "no memory for the queue");
	assert_refused(BROOD_VALUE(queue), "no memory for the queue");
}

static void test_tree(void **state)
{
	(void)state;
	tree leaves[2] = {{.number = 3}, {.number = 4}};
	tree inner[2] = {{1, leaves, 2}, {.number = 2}};
	tree *copy = brood_copy(BROOD_ARGS(tree, .number = 0, .children = inner, .n_children = 2));
	assert_int_equal(copy->children[0].children[1].number, 4);
	assert_null(copy->children[1].children);
	brood_free(copy);
}

/* As C++ programs write them by hand. */
static void test_a_type_without_its_fields(void **state)
{
	(void)state;
	const brood_type hollow = {.name = "hollow",
				   .size = 8,
				   .alignment = 4,
				   .n_fields = 2,
				   .kind = BROOD_KIND_STRUCT};
	const int value[2] = {1, 2};
	assert_refused((brood_value){.type = &hollow, .from = value}, "not where they are");
	assert_false(brood_type_is(NULL, &hollow));
}

static void test_endless_tree(void **state)
{
	(void)state;
	tree pair[2] = {{.number = 1}, {.number = 2}};
	pair[0] = (tree){1, pair, 2};
	pair[1] = (tree){2, pair, 2};
	assert_refused(BROOD_POINTED(tree, pair), "contains itself");

	enum { DEEP = 1000 };
	tree *chain = calloc(DEEP, sizeof(*chain));
	assert_non_null(chain);
	for (int i = 0; i + 1 < DEEP; i++)
		chain[i] = (tree){i, &chain[i + 1], 1};
	assert_refused(BROOD_POINTED(tree, chain), "too deep");
	free(chain);
}

static void test_pointers(void **state)
{
	(void)state;
	int local;
	void *block = heap_alloc(64, 8, HEAP_OWNER_FAMILY);
	brood_queue *queue = block;
	const brood_value values[] = {BROOD_SHARE(block), BROOD_VALUE(queue), BROOD_BORROW(&local),
				      BROOD_NONE, BROOD_SHARE(NULL)};
	void *const args[] = {block, block, &local, NULL, NULL};
	for (size_t i = 0; i < 5; i++) {
		pickled out;
		assert_int_equal(pickle(&values[i], HEAP_OWNER_FAMILY, &out), 0);
		assert_ptr_equal(out.arg, args[i]);
		assert_null(out.block);
		assert_int_equal(out.borrowed, i == 2);
	}
	for (size_t i = 0; i < 3; i++) {
		errno = 0;
		assert_null(brood_copy(values[i]));
		assert_int_equal(errno, EINVAL);
	}
	errno = EIO;
	assert_null(brood_copy(BROOD_NONE));
	assert_int_equal(errno, 0);
	brood_free(block);
}

static void test_block(void **state)
{
	(void)state;
	brood_value value = BROOD_VALUE(1);
	pickled out;
	assert_int_equal(pickle(&value, HEAP_OWNER_FAMILY, &out), 0);
	assert_ptr_equal(out.arg, (char *)out.block + PICKLE_HEADER_SIZE);
	brood_free(out.block);
}

static void test_not_a_copy(void **state)
{
	(void)state;
	int local = 0;
	unsigned char *block = heap_alloc(64, 256, HEAP_OWNER_FAMILY);
	assert_null(brood_type_name(&local));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_type_name(NULL));
	assert_null(brood_type_name(block));
	assert_null(brood_type_name(block + 64));
	assert_false(brood_is(&local, int));
	assert_false(brood_is(NULL, int));
	brood_free(block);
}

static void test_no_memory(void **state)
{
	(void)state;
	pickled out = {.arg = (void *)0x5a};
	brood_value value = BROOD_VALUE("text");
	fake_heap_fail_after(0);
	assert_int_equal(pickle(&value, HEAP_OWNER_FAMILY, &out), -ENOMEM);
	assert_ptr_equal(out.arg, (void *)0x5a);
	assert_null(brood_copy(value));
	assert_int_equal(errno, ENOMEM);
}

#define TEST(name) cmocka_unit_test_teardown(name, no_block_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_scalar),	 TEST(test_string),
		TEST(test_bytes),	 TEST(test_struct),
		TEST(test_padding),	 TEST(test_unset_bool),
		TEST(test_empty_arrays), TEST(test_bad_fields),
		TEST(test_null_handle),	 TEST(test_tree),
		TEST(test_endless_tree), TEST(test_a_type_without_its_fields),
		TEST(test_pointers),	 TEST(test_block),
		TEST(test_not_a_copy),	 TEST(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
