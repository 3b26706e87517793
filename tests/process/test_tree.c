/* SPDX-License-Identifier: MIT */
/* brood_process_terminate_tree() and brood_process_kill_tree(): nobody of a tree escapes. */

#include "harness.h"
#include "presence.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void execute(void *path)
{
	execl("/proc/self/exe", "test", "stay", (char *)path, (char *)NULL);
}

static void execute_without_environment(void *path)
{
	char *none[] = {NULL};
	execle("/proc/self/exe", "test", "stay", (char *)path, (char *)NULL, none);
}

/* What the roots of the trees do. */

static void leave_one_loose(void *path)
{
	run_loose(stay, path);
}

static void have_one_loose(void *path)
{
	run_loose(stay, path);
	stay(path);
}

static void leave_a_loose_program(void *path)
{
	run_loose(execute, path);
}

static void have_a_loose_program(void *path)
{
	run_loose(execute, path);
	stay(path);
}

static void have_a_bare_program(void *path)
{
	if (fork() == 0)
		execute_without_environment(path);
	stay(path);
}

static void have_a_loose_bare_program(void *path)
{
	run_loose(execute_without_environment, path);
	stay(path);
}

static void start_two(void *path)
{
	brood_start(.target = stay, .args = BROOD_VALUE((char *)path), .daemon = BROOD_NO);
	brood_start(.target = have_one_loose, .args = BROOD_VALUE((char *)path),
		    .daemon = BROOD_NO);
	stay(path);
}

static void start_and_vanish(void *path)
{
	brood_start(.target = stay, .args = BROOD_VALUE((char *)path), .daemon = BROOD_NO,
		    .start_method = "fork");
	brood_start(.target = stay, .args = BROOD_VALUE((char *)path), .daemon = BROOD_NO,
		    .start_method = "spawn");
	_exit(0);
}

static void start_one_that_vanishes(void *path)
{
	brood_process *p = brood_start(.target = start_and_vanish,
				       .args = BROOD_VALUE((char *)path), .daemon = BROOD_NO);
	brood_process_join(p);
	stay(path);
}

static void have_a_stopped_child(void *path)
{
	if (fork() == 0) {
		sign_in(path);
		raise(SIGSTOP);
		sleep_long();
	}
	stay(path);
}

static void have_a_borrower(void *path)
{
	sign_in(path);
	if (vfork() == 0)
		stay(path);
}

/* Each of those that sign in is found, by both functions; alive says how many of them are still
 * there. */
static void assert_none_escapes(void (*root)(void *), int signs, bool ends, bool subreaper)
{
	for (int i = 0; i < 2; i++) {
		presence all;
		presence_open(&all);
		brood_process *p = brood_start(.target = root, .args = BROOD_VALUE(all.path),
					       .subreaper = subreaper);
		assert_non_null(p);
		for (int n = 0; n < signs; n++)
			wait_for_sign(&all);
		if (ends)
			brood_process_join(p);
		int r = i ? brood_process_kill_tree(p) : brood_process_terminate_tree(p);
		if (r < signs)
			print_error("%d: %s\n", r, brood_error());
		assert_true(r >= signs);
		assert_deserted(&all);
		brood_process_join(p);
		assert_int_equal(brood_process_exitcode(p), ends ? 0 : i ? -SIGKILL : -SIGTERM);
		/* Sweeps what they owned; its server may still be about to end. */
		assert_true(brood_process_kill_tree(p) >= 0);
		brood_process_free(p);
	}
}

static void test_one_that_is_nobodys_child(void **state)
{
	(void)state;
	assert_none_escapes(have_one_loose, 2, false, false);
}

static void test_one_whose_root_has_ended(void **state)
{
	(void)state;
	assert_none_escapes(leave_one_loose, 1, true, false);
}

static void test_a_program_that_is_nobodys_child(void **state)
{
	(void)state;
	assert_none_escapes(have_a_loose_program, 2, false, false);
	assert_none_escapes(leave_a_loose_program, 1, true, false);
}

static void test_a_program_without_environment(void **state)
{
	(void)state;
	assert_none_escapes(have_a_bare_program, 2, false, false);
}

static void test_a_loose_one_under_a_subreaper(void **state)
{
	(void)state;
	assert_none_escapes(have_a_loose_bare_program, 2, false, true);
}

static void test_processes_of_the_family(void **state)
{
	(void)state;
	assert_none_escapes(start_two, 4, false, false);
}

static void test_processes_whose_parent_has_vanished(void **state)
{
	(void)state;
	assert_none_escapes(start_one_that_vanishes, 3, false, false);
}

static void test_stopped_ones(void **state)
{
	(void)state;
	assert_none_escapes(have_a_stopped_child, 2, false, false);
}

static void test_one_that_borrows_its_parents_memory(void **state)
{
	(void)state;
	if (UNDER_ASAN || UNDER_TSAN)
		skip(); /* they do not know that vfork's child lives on */
	assert_none_escapes(have_a_borrower, 2, false, false);
}

static void test_others_are_spared(void **state)
{
	(void)state;
	presence ours, theirs;
	presence_open(&theirs);
	brood_process *q = brood_start(.target = have_one_loose, .args = BROOD_VALUE(theirs.path));
	presence_open(&ours); /* which nobody of theirs inherits */
	brood_process *p = brood_start(.target = have_one_loose, .args = BROOD_VALUE(ours.path));
	for (int i = 0; i < 2; i++) {
		wait_for_sign(&ours);
		wait_for_sign(&theirs);
	}
	assert_true(brood_process_kill_tree(p) >= 2);
	assert_deserted(&ours);
	assert_int_equal(brood_process_kill_tree(p), 0);
	assert_true(brood_process_is_alive(q));
	assert_true(brood_process_kill_tree(q) >= 2);
	assert_deserted(&theirs);
	brood_process_join(p);
	brood_process_join(q);
	brood_process_free(p);
	brood_process_free(q);
}

static void exit_with_three(int signal)
{
	(void)signal;
	exit(3);
}

static void handle_the_signal(void *path)
{
	signal(SIGTERM, exit_with_three);
	stay(path);
}

static void test_handlers_run(void **state)
{
	(void)state;
	presence all;
	presence_open(&all);
	brood_process *p = brood_start(.target = handle_the_signal, .args = BROOD_VALUE(all.path));
	wait_for_sign(&all);
	assert_true(brood_process_terminate_tree(p) >= 1);
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), 3);
	assert_deserted(&all);
	brood_process_free(p);
}

static void kill_own_tree(void *path)
{
	sign_in(path);
	run_loose(stay, path);
	brood_start(.target = stay, .args = BROOD_VALUE((char *)path));
	while (noted->count == 0) /* all have signed in */
		brood_sleep(0.001);
	brood_process_kill_tree(brood_current_process());
}

static void test_a_process_kills_its_own(void **state)
{
	(void)state;
	presence all;
	presence_open(&all);
	brood_process *p = brood_start(.target = kill_own_tree, .args = BROOD_VALUE(all.path));
	for (int i = 0; i < 3; i++)
		wait_for_sign(&all);
	note(1);
	assert_deserted(&all);
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), -SIGKILL);
	assert_int_equal(brood_process_kill_tree(p), 0);
	brood_process_free(p);
}

static void test_wrong_calls(void **state)
{
	(void)state;
	assert_int_equal(brood_process_kill_tree(NULL), -EINVAL);
	assert_int_equal(brood_process_terminate_tree(NULL), -EINVAL);
	assert_int_equal(brood_process_kill_tree(brood_current_process()), -EINVAL);
	assert_sentence("no process that was started here");
	brood_process *p = brood_process_new();
	assert_int_equal(brood_process_terminate_tree(p), -EINVAL);
	assert_int_equal(brood_process_start(p), 0);
	brood_process_join(p);
	assert_int_equal(brood_process_terminate_tree(p), 0);
	brood_process_close(p);
	assert_int_equal(brood_process_kill_tree(p), -EINVAL);
	assert_sentence("closed");
	brood_process_free(p);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "stay") == 0)
		stay(argv[2]);
	const struct CMUnitTest tests[] = {
		TEST(test_one_that_is_nobodys_child),
		TEST(test_one_whose_root_has_ended),
		TEST(test_a_program_that_is_nobodys_child),
		TEST(test_a_program_without_environment),
		TEST(test_a_loose_one_under_a_subreaper),
		TEST(test_processes_of_the_family),
		TEST(test_processes_whose_parent_has_vanished),
		TEST(test_stopped_ones),
		TEST(test_one_that_borrows_its_parents_memory),
		TEST(test_others_are_spared),
		TEST(test_handlers_run),
		TEST(test_a_process_kills_its_own),
		TEST(test_wrong_calls),
	};
	const role none[] = {{"none", NULL}};
	return HARNESS_MAIN(argc, argv, none, tests);
}
