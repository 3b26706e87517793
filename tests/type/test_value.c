/* SPDX-License-Identifier: MIT */
/* The macros that make values, and what a value keeps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "brood/type.h"

typedef enum color { RED, GREEN } color;
typedef struct job {
	int id;
	const char *path;
} job;
BROOD_TYPE(job, id, path);

#define ASSERT_INSIDE(T, x, word)                                           \
	do {                                                                \
		const T expected_ = (x);                                    \
		brood_value value_ = BROOD_VALUE(expected_);                \
		assert_ptr_equal(value_.type, &brood_type_##word);          \
		assert_null(value_.from);                                   \
		assert_memory_equal(&value_.inside, &expected_, sizeof(T)); \
	} while (0)

static void test_scalars(void **state)
{
	(void)state;
	ASSERT_INSIDE(bool, true, bool);
	ASSERT_INSIDE(char, 'x', char);
	ASSERT_INSIDE(signed char, -3, signed_char);
	ASSERT_INSIDE(unsigned char, 200, unsigned_char);
	ASSERT_INSIDE(short, -30000, short);
	ASSERT_INSIDE(unsigned short, 60000, unsigned_short);
	ASSERT_INSIDE(int, -5, int);
	ASSERT_INSIDE(unsigned, 4000000000U, unsigned);
	ASSERT_INSIDE(long, -5L, long);
	ASSERT_INSIDE(unsigned long, 5UL, unsigned_long);
	ASSERT_INSIDE(long long, -5LL, long_long);
	ASSERT_INSIDE(unsigned long long, 5ULL, unsigned_long_long);
	ASSERT_INSIDE(float, 1.5f, float);
	ASSERT_INSIDE(double, 1.5, double);
	ASSERT_INSIDE(color, GREEN, unsigned);
}

static void test_pointers(void **state)
{
	(void)state;
	char buffer[16] = "text";
	const char *constant = "constant";
	const brood_bytes bytes = {buffer, 4};
	brood_queue *queue = NULL;
	brood_value value = BROOD_VALUE(buffer);
	assert_int_equal(value.type->kind, BROOD_KIND_STRING);
	assert_ptr_equal(value.inside.pointer, buffer);
	value = BROOD_VALUE(constant);
	assert_ptr_equal(value.inside.pointer, constant);
	value = BROOD_VALUE("literal");
	assert_string_equal(value.inside.pointer, "literal");
	value = BROOD_VALUE(bytes);
	assert_int_equal(value.type->kind, BROOD_KIND_BYTES);
	assert_ptr_equal(value.inside.bytes.data, buffer);
	assert_int_equal(value.inside.bytes.size, 4);
	value = BROOD_VALUE(queue);
	assert_int_equal(value.type->kind, BROOD_KIND_HANDLE);
	value = BROOD_SHARE(&bytes);
	assert_int_equal(value.type->kind, BROOD_KIND_SHARED);
	assert_ptr_equal(value.inside.pointer, &bytes);
	value = BROOD_BORROW(buffer);
	assert_int_equal(value.type->kind, BROOD_KIND_BORROWED);
	assert_ptr_equal(value.inside.pointer, buffer);
}

static void test_structs(void **state)
{
	(void)state;
	const job given = {4, "b"};
	brood_value value = BROOD_ARGS(job, .id = 3);
	const job *made = value.from;
	assert_ptr_equal(value.type, &brood_type_job);
	assert_int_equal(made->id, 3);
	assert_null(made->path);
	value = BROOD_POINTED(job, &given);
	assert_ptr_equal(value.from, &given);
	value = BROOD_POINTED(int, &given.id);
	assert_ptr_equal(value.from, &given.id);
	assert_ptr_equal(value.type, &brood_type_int);
}

static void test_none_is_zero(void **state)
{
	(void)state;
	brood_value zero;
	memset(&zero, 0, sizeof(zero));
	brood_value none = BROOD_NONE;
	assert_memory_equal(&none, &zero, sizeof(none));
}

/* Evaluated once, and of the type of the expression. */
static void test_expressions(void **state)
{
	(void)state;
	int calls = 0;
	short narrow = 3;
	brood_value value = BROOD_VALUE(++calls);
	assert_int_equal(calls, 1);
	assert_int_equal(value.inside.whole, 1);
	value = BROOD_VALUE(narrow + 1);
	assert_ptr_equal(value.type, &brood_type_int);
	value = BROOD_VALUE(calls > 0 ? "yes" : "no");
	assert_string_equal(value.inside.pointer, "yes");
}

enum { STORED = 100 };

static void __attribute__((noinline)) store(brood_value *out)
{
	for (int i = 0; i < STORED; i++) {
		double half = i / 2.0;
		if (i % 2)
			out[i] = BROOD_VALUE(i);
		else
			out[i] = BROOD_VALUE(half);
	}
}

static void test_stored(void **state)
{
	(void)state;
	brood_value values[STORED];
	store(values);
	for (int i = 0; i < STORED; i++) {
		int whole;
		double half;
		if (i % 2) {
			memcpy(&whole, &values[i].inside, sizeof(whole));
			assert_int_equal(whole, i);
		} else {
			memcpy(&half, &values[i].inside, sizeof(half));
			assert_true(half == i / 2.0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),	    cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_structs),	    cmocka_unit_test(test_none_is_zero),
		cmocka_unit_test(test_expressions), cmocka_unit_test(test_stored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
