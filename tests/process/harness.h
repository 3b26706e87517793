/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROCESS_HARNESS_H
#define TESTS_PROCESS_HARNESS_H

/* What the tests of processes share: cmocka, children with a pipe to tell, and the check that
 * nothing is left behind. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "brood/brood.h"

/* For cmocka_unit_test_setup_teardown(): fails the test when a child, a descriptor or a heap
 * block is left. */
int harness_begin(void **state);
int harness_end(void **state);
#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_begin, harness_end)

/* A place where processes of the family tell what they saw. */
typedef struct notes {
	_Atomic int count;
	_Atomic int value[16];
	_Atomic int stage;   /* that processes wait for */
	brood_process *look; /* at another process */
} notes;
extern notes *noted;
void note(int value);

/* For a role, whose processes are to have notes, too. */
void notes_open(void);

/*
 * A role is a program of its own: this test program, run anew with the role's
 * name. harness_main() runs the role it is asked for, or the tests; brood_init() comes first, but
 * for a role "without_init".
 */
typedef struct role {
	const char *name;
	int (*main)(void);
} role;
#define ROLE(f)       \
	{             \
#f, f \
	}

int harness_main(int argc, char **argv, const role *roles, size_t n_roles,
		 const struct CMUnitTest *tests, size_t n_tests);
#define HARNESS_MAIN(argc, argv, roles, tests)                                     \
	harness_main(argc, argv, roles, sizeof(roles) / sizeof((roles)[0]), tests, \
		     sizeof(tests) / sizeof((tests)[0]))

/* For a program without roles. */
#define HARNESS_RUN(tests)                                                   \
	harness_main(1, (char *[]){(char[]){"tests"}, NULL}, NULL, 0, tests, \
		     sizeof(tests) / sizeof((tests)[0]))

/* How a role ended (a wait status) and what it wrote. */
typedef struct outcome {
	int status;
	char out[8192];
	char err[8192];
} outcome;

/* Runs a role to its end, with the given standard input (NULL: empty). */
void run_role(const char *name, const char *input, outcome *ret);

/* Starts a role and returns its pid; its standard output is a pipe that *ret_out reads. */
pid_t start_role(const char *name, int *ret_out);

/* Waits until the process, anybody's, is gone or a zombie; fails the test after 10 s. */
void wait_gone(pid_t pid);

/* ThreadSanitizer holds signals back in a process that was forked beside other threads. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define UNDER_TSAN true
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN false
#endif

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN true
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN false
#endif

#define assert_sentence(part) assert_non_null(strstr(brood_error(), part))

#endif
