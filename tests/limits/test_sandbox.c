/* SPDX-License-Identifier: MIT */
/*
 * The library where the system refuses a call, as sandboxes do, or shows no /proc: from before
 * the program begins, or from when the library is in use. What can be done otherwise works; the
 * rest is an error with a sentence, which leaves nothing.
 *
 *	test_sandbox			the tests
 *	test_sandbox begin N		takes away what is N-th in the table, and executes
 *	test_sandbox use N		which runs all uses
 *	test_sandbox late N		runs all, takes away, runs all again
 */

#include "restrict.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "brood/brood.h"
#include "process/orphan.h"
#include "uses.h"

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum { HIDE_PROC = -3, SKIPPED = 77, SECONDS = 120 };

typedef struct restriction {
	const char *name;
	int number; /* of the call, or what restrict.h has for it */
	int err;
	/* What fails by it: a part of its sentence; which uses may, and which if it comes late.
	 * NULL: nothing; all that start processes; the same. And for which start methods this is.
	 */
	const char *sentence, *use, *late, *method;
} restriction;

#define CALL(call, error) .name = #call " " #error, .number = SYS_##call, .err = error
#define BY_PIDFD(error) \
	.name = "waitid by pidfd " #error, .number = RESTRICT_WAITID_BY_PIDFD, .err = error

#define NOT_FORK       .method = "spawn forkserver"
#define NOT_SPAWN      .method = "fork forkserver"
#define NOT_FORKSERVER .method = "fork spawn"
#define FORKSERVER     .method = "forkserver"
/* All that need the heap. */
#define ALL "start and join signals tree report queue pipe lock shared"

static const restriction restrictions[] = {
	{CALL(clone3, ENOSYS)},
	{CALL(clone3, EPERM)},
	{CALL(pidfd_open, ENOSYS), .sentence = "refuses pidfds", .use = "signals", NOT_SPAWN},
	{CALL(pidfd_open, EPERM), .sentence = "refuses pidfds", .use = "signals", NOT_SPAWN},
	{CALL(pidfd_open, ENOSYS), .method = "spawn"},
	{CALL(pidfd_open, EPERM), .method = "spawn"},
	{CALL(pidfd_send_signal, ENOSYS)},
	{CALL(pidfd_send_signal, EPERM)},
	{BY_PIDFD(ENOSYS)},
	{BY_PIDFD(EPERM)},
	{BY_PIDFD(EINVAL)},
	{CALL(close_range, ENOSYS)},
	{CALL(close_range, EPERM)},
	{CALL(memfd_create, ENOSYS), .sentence = "memfd_create", .use = ALL, .late = "pipe"},
	{CALL(memfd_create, EPERM), .sentence = "memfd_create", .use = ALL, .late = "pipe"},
	{CALL(futex_waitv, ENOSYS)},
	{CALL(futex_waitv, EPERM)},
	{CALL(execveat, ENOSYS)},
	{CALL(execveat, EPERM)},
	{CALL(process_vm_readv, EPERM)},
	{CALL(pidfd_getfd, EPERM)},
	{CALL(get_robust_list, EPERM), NOT_FORKSERVER},
	{CALL(get_robust_list, EPERM), .sentence = "use the start method spawn", FORKSERVER},
	{CALL(fallocate, EPERM)},
	{CALL(madvise, EPERM)},
	{CALL(getrandom, ENOSYS)},
	{CALL(getppid, EPERM)},
	{CALL(sigaltstack, EPERM)},
	{CALL(statx, EPERM)},
	{CALL(capget, EPERM)},
	{CALL(sched_getattr, EPERM)},
	{CALL(ioprio_get, EPERM)},
	{CALL(personality, EPERM)},
	{CALL(getgroups, EPERM)},
	{CALL(prctl, EPERM), NOT_FORKSERVER},
	{CALL(prctl, EPERM), .sentence = "use the start method spawn", FORKSERVER},
	{CALL(socket, EPERM), .sentence = "no socket", .use = "queue lock"},
	{CALL(timerfd_create, EPERM), .sentence = "no timer", .use = "queue"},
	{CALL(socketpair, EPERM), .sentence = "gives no sockets", .use = "pipe", NOT_FORKSERVER},
	{CALL(socketpair, EPERM), .sentence = "gives no sockets", FORKSERVER},
	{.name = "no /proc",
	 .number = HIDE_PROC,
	 .sentence = "/proc",
	 .use = "tree",
	 .method = "fork"},
	{.name = "no /proc", .number = HIDE_PROC, .sentence = "/proc", .late = "tree", NOT_FORK},
};
enum { RESTRICTIONS = sizeof(restrictions) / sizeof(restrictions[0]) };

static bool impose(const restriction *r)
{
	return r->number == HIDE_PROC ? restrict_proc() : restrict_call(r->number, r->err);
}

static bool may_fail(const restriction *r, const use *one, bool late)
{
	const char *of = late && r->late ? r->late : r->use;
	return r->sentence && (of ? strstr(of, one->name) != NULL : one->starts);
}

/* When the restriction is: then nothing fails but what may, and it says so. */
enum when { NOT_YET, BEFORE, LATE };

static int run_all(const restriction *r, enum when when)
{
	int wrong = 0;
	for (size_t i = 0; i < use_count; i++) {
		shown is = use_run(&uses[i]);
		bool excused = when != NOT_YET && may_fail(r, &uses[i], when == LATE);
		wrong += is.wrong;
		if (is.wrong || (is.err && !(excused && strstr(is.sentence, r->sentence)))) {
			uses_say("%s: %s: %s: %s\n", r->name, uses[i].name, strerrorname_np(is.err),
				 is.sentence);
			wrong++;
		}
		uses_left(uses[i].name, &wrong);
	}
	return wrong;
}

static int use_all(const restriction *r)
{
	int unused = 0;
	uses_left(NULL, NULL);
	for (size_t i = 0; i < use_count; i++) /* what is made once for all */
		use_run(&uses[i]);
	uses_left(NULL, &unused);
	return run_all(r, BEFORE) ? 1 : 0;
}

static int use_late(const restriction *r)
{
	uses_left(NULL, NULL);
	for (size_t i = 0; i < use_count; i++)
		use_run(&uses[i]);
	uses_left(NULL, NULL);
	int wrong = run_all(r, NOT_YET);
	if (!impose(r))
		return SKIPPED;
	return wrong + run_all(r, LATE) ? 1 : 0;
}

static int begin(const restriction *r, char *number)
{
	int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	char *const arguments[] = {(char[]){"test_sandbox"}, (char[]){"use"}, number, NULL};
	if (!impose(r))
		return SKIPPED;
	execv("/proc/self/exe", arguments);
	fexecve(self, arguments, environ);
	perror("test_sandbox");
	return 1;
}

static int run(const char *how, size_t n, char *text, size_t size)
{
	char number[8];
	int told = memfd_create("told", 0);
	snprintf(number, sizeof(number), "%zu", n);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(told, USES_TELL);
		alarm(SECONDS);
		execl("/proc/self/exe", "test_sandbox", how, number, (char *)NULL);
		_exit(127);
	}
	return uses_end(pid, told, text, size);
}

/* "fork" is in "forkserver", too. */
static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	const char *at = strstr(words, word);
	while (at && at[length] && at[length] != ' ')
		at = strstr(at + 1, word);
	return at != NULL;
}

static void test_one(void **state)
{
	static const char *const ways[] = {"begin", "late"};
	static char text[65536];
	size_t n = (size_t)((const restriction *)*state - restrictions);
	bool skipped = true, well = true;
	for (int i = 0; i < 2; i++) {
		int status = run(ways[i], n, text, sizeof(text));
		bool skips = WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED;
		skipped &= skips;
		if (skips || status == 0)
			continue;
		print_error("%s, %s: status %d\n%s", restrictions[n].name, ways[i], status, text);
		well = false;
	}
	assert_true(well);
	if (skipped)
		skip();
}

static void do_nothing(void) {}

/* The status cannot be had, and nobody waits for it for ever. */
static void test_join_without_waitid(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		brood_process *p = brood_start(.call = do_nothing, .start_method = "fork");
		if (!restrict_call(SYS_waitid, EPERM))
			_exit(SKIPPED);
		_exit(brood_process_join(p) != 0 ||
		      brood_process_exitcode(p) != BROOD_NO_EXITCODE ||
		      !strstr(brood_error(), "status is lost"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status == SKIPPED << 8)
		skip();
	assert_int_equal(status, 0);
}

/* A pid of -1 is everybody to kill(2); restrict_call() ends who asks for that. */
static void test_orphan_without_pid(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		if (!restrict_call(SYS_getpid, EPERM))
			_exit(SKIPPED);
		orphan_die_with(1, SIGKILL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 128 + SIGKILL);
}

enum { LEAKED = 150 };

static void look_for_leak(void)
{
	exit(fcntl(LEAKED, F_GETFD) < 0 ? 0 : 3);
}

static int starts_without_close_range(bool proc)
{
	if ((!proc && !restrict_proc()) || !restrict_call(SYS_close_range, ENOSYS) ||
	    dup2(STDERR_FILENO, LEAKED) < 0)
		return SKIPPED;
	brood_process *p = brood_start(.call = look_for_leak);
	if (!p)
		return strstr(brood_error(), "refuses close_range()") ? 10 : 11;
	brood_process_join(p);
	return brood_process_exitcode(p);
}

/* Nor is anything started that would hold them. */
static void test_descriptors_do_not_leak(void **state)
{
	(void)state;
	bool fork_copies = strcmp(brood_get_start_method(), "fork") == 0, skipped = false;
	const int expected[] = {10, 0};
	for (int proc = 0; proc < 2 && !fork_copies; proc++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			exit(starts_without_close_range(proc));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		skipped |= WEXITSTATUS(status) == SKIPPED;
		if (WEXITSTATUS(status) != SKIPPED)
			assert_int_equal(WEXITSTATUS(status), expected[proc]);
	}
	if (fork_copies || skipped)
		skip();
}

static void stay(void)
{
	pause();
}

static void test_a_wait_that_is_refused(void **state)
{
	(void)state;
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		brood_process *p = brood_start(.call = stay, .daemon = true);
		if (!p || !restrict_call(SYS_ppoll, EPERM))
			_exit(SKIPPED);
		_exit(brood_process_join(p) == -EPERM && strstr(brood_error(), "ppoll()") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[RESTRICTIONS + 4];
	const restriction *r = argc > 2 ? &restrictions[strtoul(argv[2], NULL, 10)] : NULL;
	if (argc > 2 && strcmp(argv[1], "begin") == 0)
		return begin(r, argv[2]);
	brood_init();
	if (argc > 2)
		return strcmp(argv[1], "late") == 0 ? use_late(r) : use_all(r);
	size_t count = 0;
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_orphan_without_pid);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_join_without_waitid);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_descriptors_do_not_leak);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_a_wait_that_is_refused);
	for (size_t i = 0; i < RESTRICTIONS; i++)
		if (!restrictions[i].method ||
		    has_word(restrictions[i].method, brood_get_start_method()))
			tests[count++] = (struct CMUnitTest){
				.name = restrictions[i].name,
				.test_func = test_one,
				.initial_state = (void *)(size_t)&restrictions[i]};
	return _cmocka_run_group_tests("sandbox", tests, count, NULL, NULL);
}
