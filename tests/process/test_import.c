/* SPDX-License-Identifier: MIT */
/* What a target's name may stand for. The program exports its symbols. */

#include "harness.h"

#include <errno.h>
#include <string.h>

#include "process/import.h"

void imported_here(void *arg);
void imported_here(void *arg)
{
	(void)arg;
}

extern int data_of_program;
int data_of_program = 1;

/* As from an assembler's source: no type says that it is data. */
__asm__(".pushsection .data\n"
	".globl untyped_data\n"
	"untyped_data: .quad 0\n"
	".popsection\n");

static void test_a_function(void **state)
{
	(void)state;
	void (*function)(void *) = NULL;
	assert_int_equal(import_function("imported_here", &function), 0);
	assert_true(function == imported_here);
}

static void test_data_is_no_function(void **state)
{
	(void)state;
	void (*function)(void *) = imported_here;
	assert_int_equal(import_function("data_of_program", &function), -EINVAL);
	assert_sentence("'data_of_program' is no function");
	assert_int_equal(import_function("untyped_data", &function), -EINVAL);
	assert_sentence("'untyped_data' is no function");
	assert_true(function == imported_here);
}

static void test_data_is_no_target(void **state)
{
	(void)state;
	void (*target)(void *) = NULL;
	void *address = &data_of_program;
	memcpy(&target, &address, sizeof(address));
	assert_null(brood_process_new(.target = target, .start_method = "spawn"));
	assert_int_equal(errno, EINVAL);
	assert_sentence("in the program, is no function, but data");
}

static void test_a_module_alone(void **state)
{
	(void)state;
	void (*function)(void *) = imported_here;
	assert_int_equal(import_function("plug.so", &function), -EINVAL);
	assert_sentence("the form is \"module.so:function\"");
	assert_true(function == imported_here);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_function),
		TEST(test_data_is_no_function),
		TEST(test_data_is_no_target),
		TEST(test_a_module_alone),
	};
	return HARNESS_RUN(tests);
}
