/* SPDX-License-Identifier: MIT */

/*
 * The heap under limits. It is mapped when the library is loaded, so each test runs
 * a program of its own (limits_child.c, its path in the environment) under them.
 */

#include "support.h"

#include <sys/resource.h>

#include "heap/reserve.h"

typedef struct limits {
	const char *heap_size; /* BROOD_HEAP_SIZE */
	rlim_t space, file;    /* RLIMIT_AS, RLIMIT_FSIZE; 0: as they are */
	const char *argument;
} limits;

static void limit(__rlimit_resource_t resource, rlim_t value)
{
	struct rlimit both = {.rlim_cur = value, .rlim_max = value};
	if (value && setrlimit(resource, &both) < 0)
		_exit(100);
}

static void run_child(const limits *under, int out)
{
	const char *path = getenv("LIMITS_CHILD");
	if (!path)
		_exit(101);
	dup2(out, STDOUT_FILENO);
	if (under->heap_size)
		setenv("BROOD_HEAP_SIZE", under->heap_size, 1);
	limit(RLIMIT_AS, under->space);
	limit(RLIMIT_FSIZE, under->file);
	execl(path, path, under->argument, (char *)NULL);
	_exit(102);
}

/* What the program said, in static storage. */
static const char *output_under(const limits *under)
{
	static char text[4096];
	int ends[2];
	size_t length = 0;
	ssize_t r;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0)
		run_child(under, ends[1]);
	close(ends[1]);
	while ((r = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)r;
	close(ends[0]);
	text[length] = '\0';
	int end = child_end(pid);
	if (end != 0)
		fail_msg("ended with %d: %s", end, text);
	return text;
}

static long reserve_under(const limits *under)
{
	long kib = 0;
	const char *text = output_under(under);
	if (sscanf(text, "reserve %ld", &kib) != 1)
		fail_msg("%s", text);
	return kib;
}

static void without_limits_it_is_large(void **state)
{
	(void)state;
	assert_true(reserve_under(&(limits){0}) >= 1 << 20);
	assert_true(reserve_under(&(limits){.heap_size = ""}) >= 1 << 20);
}

static void a_size_can_be_given_and_exhausted(void **state)
{
	(void)state;
	assert_int_equal(reserve_under(&(limits){.heap_size = "4M"}), 4096);
	assert_int_equal(reserve_under(&(limits){.heap_size = "1048576"}), 1024);
	assert_int_equal(reserve_under(&(limits){.heap_size = "32m"}), 32768);
	assert_true(reserve_under(&(limits){.heap_size = "4T"}) <= 64 << 20);
}

static void a_wrong_size_is_told(void **state)
{
	(void)state;
	static const char *const wrong[] = {"lots", "-5", "4MB", "0", "12Q", "99999999999T"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *text = output_under(&(limits){.heap_size = wrong[i]});
		assert_non_null(strstr(text, "none: "));
		assert_non_null(strstr(text, "BROOD_HEAP_SIZE is '"));
	}
	const char *text = output_under(&(limits){.heap_size = "100K"});
	assert_non_null(strstr(text, "BROOD_HEAP_SIZE: raise it"));
	text = output_under(&(limits){.heap_size = "1000"});
	assert_non_null(strstr(text, "needs 1048576 bytes and may have 1000 by"));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
static void the_address_space_is_shared_with_the_program(void **state)
{
	(void)state;
	rlim_t gigabyte = 1024000000;
	assert_int_equal(reserve_under(&(limits){.space = gigabyte}), 125000);
	assert_int_equal(reserve_under(&(limits){.space = 64 << 20}), 8192);
	/* More than there is room for is halved until it fits. */
	long kib = reserve_under(&(limits){.space = 64 << 20, .heap_size = "128M"});
	assert_true(kib >= 16384 && kib <= 32768);
}
#endif

static void a_file_size_limit_does_not_kill(void **state)
{
	(void)state;
	const char *text = output_under(&(limits){.file = 100 << 10});
	assert_non_null(strstr(text, "none: "));
	assert_non_null(strstr(text, "RLIMIT_FSIZE"));
	assert_int_equal(reserve_under(&(limits){.file = 16 << 20}), 16384);
	assert_int_equal(reserve_under(&(limits){.file = 16 << 20, .heap_size = "1G"}), 16384);
}

static void the_programs_files_are_safe_when_it_closes_ours(void **state)
{
	(void)state;
	reserve_under(&(limits){.heap_size = "16M", .argument = "descriptor"});
}

static void what_forked_children_leave_is_collected(void **state)
{
	(void)state;
	output_under(&(limits){.heap_size = "4M", .argument = "fork"});
}

static void sizes_are_read(void **state)
{
	(void)state;
	uint64_t value;
	assert_true(reserve_parse("3k", &value));
	assert_int_equal(value, 3072);
	assert_true(reserve_parse("2T", &value));
	assert_int_equal(value, UINT64_C(2) << 40);
	assert_false(reserve_parse(" 3", &value));
	assert_false(reserve_parse("3 k", &value));
	assert_false(reserve_parse("0x10", &value));
	assert_false(reserve_parse("20000000T", &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_limits_it_is_large),
		cmocka_unit_test(a_size_can_be_given_and_exhausted),
		cmocka_unit_test(a_wrong_size_is_told),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
		cmocka_unit_test(the_address_space_is_shared_with_the_program),
#endif
		cmocka_unit_test(a_file_size_limit_does_not_kill),
		cmocka_unit_test(the_programs_files_are_safe_when_it_closes_ours),
		cmocka_unit_test(what_forked_children_leave_is_collected),
		cmocka_unit_test(sizes_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
