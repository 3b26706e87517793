/* SPDX-License-Identifier: MIT */
/*
 * Every public function, with each call below it that can fail failing in turn: once, and for good;
 * in the calling process, and in those that it starts.
 *
 *	test_faults			the tests: each operation in a process of its own
 *	test_faults OPERATION		only that one
 *	test_faults --only process	those whose names begin so
 *	test_faults --covered		the names of what is called under test
 */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/sys.h"
#include "heap/table.h"
#include "left.h"
#include "load.h"
#include "operations.h"

/* Each process of a sanitizer's looks for leaks at its end, which takes too long for so many. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

enum { TIME_LIMIT = 40, MAX_OPERATIONS = 256 };

static const operations *const layers[] = {
	&base_operations,    &heap_operations,	 &type_operations,   &log_operations,
	&process_operations, &method_operations, &load_operations,   &sync_operations,
	&queue_operations,   &pipe_operations,	 &report_operations, &shared_operations,
};

static const operation *operation_at(size_t index)
{
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
		if (index < layers[i]->count)
			return &layers[i]->first[index];
		index -= layers[i]->count;
	}
	return NULL;
}

static const operation *operation_named(const char *name)
{
	const operation *found;
	for (size_t i = 0; (found = operation_at(i)) && strcmp(found->name, name) != 0; i++)
		;
	return found;
}

/* A child that is killed because its start failed after all may have started one of its own, which
 * ends by itself; what it had is freed later, by whoever needs it. */
static void collect_orphans(size_t slots)
{
	for (int i = 0; i < 1000 && left_now().slots > slots; i++) {
		table_collect();
		clock_sleep(clock_now() + 1000000);
	}
}

static void expect_nothing_left(const operation *op, const left *before)
{
	siginfo_t info;
	collect_orphans(before->slots);
	expect(sys_wait_peek(&info) == -ECHILD);
	left now = left_now();
	expect(now.descriptors == before->descriptors);
	expect(now.blocks == before->blocks);
	expect(now.slots == before->slots);
	expect(op->keeps || now.allocations == before->allocations);
	expect(now.signals_blocked == before->signals_blocked);
	bool silent = !op->speaks && fault_share()->plan.where == FAULT_HERE;
	if (silent)
		expect(now.written == before->written);
	expect(brood_heap_check(NULL) == 0);
}

/* Whether there was such a call, with so many errors. */
static bool run_with(const operation *op, const fault_plan *plan)
{
	int complained = complaints;
	left before = left_now();
	fault_arm(plan);
	if (plan->where == FAULT_HERE)
		fault_disarm(); /* until the first call under test */
	op->run();
	fault_disarm();
	brood_forkserver_stop();
	expect_nothing_left(op, &before);
	return faulted() && complaints < complained + 5;
}

static bool reached_with_fewer_errors(void)
{
	return fault_share()->no_such_choice;
}

static void run_all(const operation *op, enum fault_where where, enum fault_what what)
{
	fault_plan plan = {.where = where, .what = what};
	bool more = true;
	while (more && complaints < 20 && (!op->most || plan.at < op->most)) {
		plan.at++;
		plan.choice = 0;
		while (run_with(op, &plan))
			plan.choice++;
		more = reached_with_fewer_errors() || faulted();
	}
}

/* What is made once for all is made first. */
static void warm_up(const operation *op)
{
	static const fault_plan none = {.what = FAULT_ONCE};
	complaining = false;
	sys_null();
	for (int i = 0; i < 3; i++)
		run_with(op, &none);
	complaining = true;
}

static int run_operation(const operation *op)
{
	snprintf(fault_share()->operation, sizeof(fault_share()->operation), "%s", op->name);
	left_begin();
	warm_up(op);
	run_all(op, FAULT_HERE, FAULT_ONCE);
	run_all(op, FAULT_HERE, FAULT_ON);
	if (op->starts && !SANITIZED) {
		run_all(op, FAULT_ELSEWHERE, FAULT_ONCE);
		run_all(op, FAULT_ELSEWHERE, FAULT_ON);
	}
	return complaints ? 1 : 0;
}

static pid_t run_anew(const char *name)
{
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "test_faults", name, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* A test of cmocka's: its state is the operation. */
static void run_in_its_own_process(void **state)
{
	const operation *op = *state;
	const fault_state *s = fault_share();
	int status;
	pid_t pid = run_anew(op->name);
	int fd = sys_pidfd_open(pid);
	bool hangs = fd >= 0 && sys_pidfd_wait(fd, &(struct timespec){.tv_sec = TIME_LIMIT}) == 0;
	if (hangs)
		kill(pid, SIGKILL);
	if (fd >= 0)
		close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (hangs || WIFSIGNALED(status))
		fail_msg("%s %s at the %u. call, %s(), error %d", op->name,
			 hangs ? "hangs" : strsignal(WTERMSIG(status)), s->plan.at, s->call,
			 s->err);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* The words of the calls' texts. */
static int print_covered(void)
{
	static const fault_plan none = {.what = FAULT_ONCE};
	left_begin();
	fault_arm(&none);
	fault_disarm();
	for (size_t i = 0; operation_at(i); i++)
		operation_at(i)->run();
	const char *at = fault_share()->text;
	while ((at = strstr(at, "brood_"))) {
		size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
		printf("%.*s\n", (int)length, at);
		at += length;
	}
	return 0;
}

int main(int argc, char **argv)
{
	fault_share();
	brood_init();
	if (argc > 1 && strcmp(argv[1], "--covered") == 0)
		return print_covered();
	if (argc > 1 && strcmp(argv[1], "--load") == 0)
		return load_and_use();
	const char *only = argc > 2 && strcmp(argv[1], "--only") == 0 ? argv[2] : "";
	if (argc > 1 && !*only) {
		const operation *op = operation_named(argv[1]);
		return op ? run_operation(op) : 127;
	}
	static struct CMUnitTest tests[MAX_OPERATIONS];
	const operation *op;
	size_t count = 0;
	for (size_t i = 0; count < MAX_OPERATIONS && (op = operation_at(i)); i++)
		if (strncmp(op->name, only, strlen(only)) == 0)
			tests[count++] = (struct CMUnitTest){.name = op->name,
							     .test_func = run_in_its_own_process,
							     .initial_state = (void *)(size_t)op};
	return _cmocka_run_group_tests("faults", tests, count, NULL, NULL);
}
