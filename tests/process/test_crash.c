/* SPDX-License-Identifier: MIT */
/* Processes that crash, in every way, and what their reports say of it. */

#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crashes.h"

/* A sanitizer's handlers are there before ours and tell of the crash themselves; cmocka's would be
 * inherited, as a program's own. */
static void begin(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGABRT};
	if (UNDER_ASAN || UNDER_TSAN)
		skip();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
}

#ifdef HAVE_LIBDW
enum { HAS_LIBDW = true };
#else
enum { HAS_LIBDW = false };
#endif

/* One way to crash: by which signal, what the reason says, which functions the stack ends with
 * (outermost first, as far as given). */
struct way {
	void (*function)(void);
	int signal;
	const char *reason;
	const char *calls[3];
};

static const struct way ways[] = {
	{crash_write, SIGSEGV, "address 0x0, where nothing is mapped", {"crash_write"}},
	{crash_call, SIGSEGV, "address 0x0, where nothing is mapped", {"crash_call"}},
	{crash_stack, SIGSEGV, "the stack is full", {"recurse", "recurse", "recurse"}},
	{crash_abort, SIGABRT, "abort() was called", {"crash_abort", "abort"}},
	{crash_assert, SIGABRT, "zero == 1", {"crash_assert", "*"}},
	{crash_free_twice, SIGABRT, "free", {"crash_free_twice", "*"}},
	{crash_malloc, SIGABRT, "malloc", {"crash_malloc", "*"}},
	{crash_divide, SIGFPE, "division by zero", {"crash_divide"}},
	{crash_misaligned, SIGSEGV, "its operand is not aligned", {"crash_misaligned"}},
	{crash_bus, SIGBUS, "its file is shorter than the mapping", {"crash_bus"}},
	{crash_illegal, SIGILL, "illegal instruction", {"crash_illegal"}},
	{crash_thread, SIGSEGV, "where nothing is mapped", {"in_thread", "crash_write"}},
	{crash_thread_stack, SIGSEGV, "the stack is full", {"recurse", "recurse", "recurse"}},
	{crash_plugin, SIGSEGV, "null pointer", {"crash_plugin", "plugin_crash", "store"}},
	{crash_callback, SIGSEGV, "null pointer", {"crash_callback", "plugin_call", "in_callback"}},
	{crash_handler_of_signal, SIGSEGV, "null pointer", {"on_signal", "crash_write"}},
	{crash_large_frame, SIGSEGV, "null pointer", {"crash_large_frame", "crash_write"}},
	{crash_in_library, SIGSEGV, "through a null pointer", {"crash_in_library", "*"}},
	{crash_without_descriptors,
	 SIGSEGV,
	 "null pointer",
	 {"crash_without_descriptors", "crash_write"}},
	{crash_sent, SIGSEGV, "sent by itself", {NULL}},
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

/* __builtin_trap() is another signal elsewhere. */
static bool is_there(const struct way *way)
{
#ifndef __x86_64__
	return way->function != crash_illegal && way->function != crash_divide &&
	       way->function != crash_misaligned;
#else
	(void)way;
	return true;
#endif
}

static brood_process *crash(void (*function)(void), const char *method)
{
	brood_process *p = brood_start(.call = function, .start_method = method, .name = "crasher");
	assert_non_null(p);
	assert_int_equal(brood_process_join(p), 0);
	return p;
}

static void check_stack(const struct way *way, const brood_frame *stack, int count)
{
	int calls = 0;
	/* Then there are frame pointers only, which the C library has not got. */
	if (!HAS_LIBDW)
		return;
	while (calls < 3 && way->calls[calls])
		calls++;
	int from = count - calls;
	assert_true(from >= 0);
	for (int i = 0; i < calls; i++)
		if (strcmp(way->calls[i], "*") != 0) {
			assert_non_null(stack[from + i].function);
			assert_string_equal(stack[from + i].function, way->calls[i]);
		}
}

static void check_way(const struct way *way, const char *method)
{
	int count;
	brood_process *p = crash(way->function, method);
	assert_int_equal(brood_process_exitcode(p), -way->signal);
	brood_report *report = brood_process_report(p);
	assert_non_null(report);
	if (!strstr(report->reason, way->reason))
		fail_msg("%s, not: %s", report->reason, way->reason);
	assert_int_equal(report->signal, way->signal);
	assert_true(report->recorded);
	assert_int_equal(report->stack_overflow, strstr(way->reason, "the stack") != NULL);
	const brood_frame *stack = brood_report_stack(report, &count);
	assert_non_null(stack);
	check_stack(way, stack, count);
	/* Asked again it is the same. */
	assert_ptr_equal(brood_report_stack(report, NULL), stack);
	brood_report_free(report);
	brood_process_free(p);
}

static void check_ways(const char *method)
{
	begin();
	for (int i = 0; i < WAYS; i++)
		if (is_there(&ways[i]))
			check_way(&ways[i], method);
}

static void test_ways_under_fork(void **state)
{
	(void)state;
	check_ways("fork");
}

static void test_ways_under_spawn(void **state)
{
	(void)state;
	check_ways("spawn");
}

static void test_ways_under_forkserver(void **state)
{
	(void)state;
	check_ways("forkserver");
	brood_forkserver_set_warm(1); /* ends the server */
}

static void test_file_and_line(void **state)
{
	(void)state;
	int count;
	begin();
	if (!HAS_LIBDW)
		skip();
	brood_process *p = crash(crash_write, NULL);
	brood_report *report = brood_process_report(p);
	const brood_frame *stack = brood_report_stack(report, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(stack->file, "crashes.c"));
	assert_string_equal(stack->source, "*null_pointer = 1;");
	assert_int_equal(report->address, 0);
	assert_int_equal(report->signal_code, SEGV_MAPERR);
	assert_int_equal(report->thread, report->pid);
	brood_report_free(report);
	brood_process_free(p);
}

/* The line of a call is not that of the call before it where nothing says what it is. */
static void test_a_call_without_a_line(void **state)
{
	(void)state;
	int count;
	begin();
	if (!HAS_LIBDW)
		skip();
	brood_process *p = crash(crash_callback, NULL);
	brood_report *report = brood_process_report(p);
	const brood_frame *stack = brood_report_stack(report, &count);
	assert_int_equal(count, 3);
	assert_non_null(strstr(stack[0].file, "crashes.c"));
	assert_non_null(strstr(stack[1].module, "bare_plugin.so"));
	assert_null(stack[1].file);
	assert_null(stack[1].source);
	assert_int_equal(stack[1].line, 0);
	assert_non_null(strstr(stack[2].file, "crashes.c"));
	brood_report_free(report);
	brood_process_free(p);
}

static void read_output(const char *program, char *text, size_t size)
{
	FILE *out = popen(program, "r");
	text[fread(text, 1, size - 1, out)] = '\0';
	assert_int_equal(pclose(out), 0);
}

/* The next frame of the program that is known by its offset only, before end. */
static const char *next_bare(const char *from, const char *end)
{
	const char *at = from ? strstr(from + 1, ", at +0x") : NULL;
	return at && at < end ? at : NULL;
}

/* The same files as a program that was built as others are: nothing is known but where. */
static void test_stripped_program(void **state)
{
	(void)state;
	begin();
	if (!HAS_LIBDW)
		skip();
	char text[16384];
	read_output(STRIPPED, text, sizeof(text));
	/* Each calls one in a function of its own, so two frames of the program are there. */
	int processes = 0;
	for (char *at = text; (at = strstr(at, "Process stripped")); at++) {
		const char *end = strstr(at, "null pointer)");
		assert_true(end && next_bare(next_bare(at, end), end));
		/* Of the last the stack is too large, unless there are frame pointers after all. */
		const char *hole = strstr(at, "  [Not all calls before the last are known]\n");
		const char *whole = strstr(at, "  [Previous line repeated ");
		assert_int_equal((hole && hole < end) || (whole && whole < end), ++processes == 3);
	}
	assert_int_equal(processes, 3);
}

#define SPLIT FULL "_split"

static void test_debug_information_in_another_file(void **state)
{
	(void)state;
	char text[16384];
	begin();
	if (!HAS_LIBDW ||
	    system("objcopy --only-keep-debug " FULL " " SPLIT ".debug && "
		   "objcopy --strip-all --add-gnu-debuglink=" SPLIT ".debug " FULL " " SPLIT) != 0)
		skip();
	/* No server is asked, and the link is followed whether one could be or not. */
	setenv("DEBUGINFOD_URLS", "http://localhost:1", 1);
	read_output(SPLIT, text, sizeof(text));
	unsetenv("DEBUGINFOD_URLS");
	unlink(SPLIT);
	unlink(SPLIT ".debug");
	assert_non_null(strstr(text, "crashes.c\", line "));
	assert_non_null(strstr(text, ", in crash_write\n"));
}

#ifdef STATIC
/* There are frame pointers only; and what addr2line takes are the addresses themselves. */
static void test_static_program(void **state)
{
	(void)state;
	begin();
	char text[16384];
	read_output(STATIC, text, sizeof(text));
	int processes = 0;
	for (char *at = text; (at = strstr(at, "Process stripped")); at++) {
		const char *end = strstr(at, "null pointer)"), *frame = at;
		int frames = 0;
		for (; end && (frame = next_bare(frame, end)); frames++)
			assert_true(strtoull(frame + strlen(", at +"), NULL, 16) >= 0x400000);
		assert_true(processes++ < 2 ? frames == 2 : frames > 2);
	}
	assert_int_equal(processes, 3);
}
#endif

static void test_a_hole_in_the_stack(void **state)
{
	(void)state;
	begin();
	if (!HAS_LIBDW)
		skip();
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	brood_process *p = crash(crash_on_another_stack, NULL);
	brood_report *report = brood_process_report(p);
	assert_int_equal(brood_report_print(report, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "  [Not all calls before the last are known]\n"));
	assert_non_null(strstr(text, "in crash_write\n"));
	free(text);
	brood_report_free(report);
	brood_process_free(p);
}

static _Atomic int *handled;

static void count_and_end(int signal)
{
	(*handled)++;
	_exit(signal);
}

static void crash_with_own_handler(void)
{
	signal(SIGSEGV, count_and_end);
	crash_write();
}

static struct sigaction before;

static void count_and_pass_on(int signal, siginfo_t *info, void *context)
{
	(*handled)++;
	before.sa_sigaction(signal, info, context);
}

static void crash_with_chained_handler(void)
{
	struct sigaction own = {.sa_sigaction = count_and_pass_on, .sa_flags = SA_SIGINFO};
	sigaction(SIGSEGV, &own, &before);
	crash_write();
}

static void test_own_handlers_are_respected(void **state)
{
	(void)state;
	begin();
	handled = brood_calloc(1, sizeof(*handled));
	brood_process *p = crash(crash_with_own_handler, "fork");
	assert_int_equal(brood_process_exitcode(p), SIGSEGV);
	assert_int_equal(*handled, 1);
	brood_process_free(p);

	/* One that was there before the process. */
	void (*parents)(int) = signal(SIGSEGV, count_and_end);
	p = crash(crash_write, "fork");
	signal(SIGSEGV, parents);
	assert_ptr_equal(parents, SIG_DFL);
	assert_int_equal(brood_process_exitcode(p), SIGSEGV);
	assert_int_equal(*handled, 2);
	brood_process_free(p);

	p = crash(crash_with_chained_handler, "fork");
	assert_int_equal(brood_process_exitcode(p), -SIGSEGV);
	assert_int_equal(*handled, 3);
	int count;
	brood_report *report = brood_process_report(p);
	const brood_frame *stack = brood_report_stack(report, &count);
	assert_true(count >= 1);
	if (HAS_LIBDW)
		assert_string_equal(stack[count - 1].function, "crash_write");
	brood_report_free(report);
	brood_process_free(p);
	brood_free(handled);
}

static void note_actions(void)
{
	struct sigaction now;
	sigaction(SIGSEGV, NULL, &now);
	note(now.sa_handler == SIG_DFL);
}

static void start_one_without(void)
{
	note_actions();
	brood_process *p = brood_start(.call = note_actions, .crash_report = BROOD_NO);
	brood_process_join(p);
}

static void test_only_children_that_want_it_catch(void **state)
{
	(void)state;
	begin();
	brood_process *p = brood_start(.call = start_one_without, .start_method = "fork");
	brood_process_join(p);
	brood_process_free(p);
	note_actions();
	assert_int_equal(noted->count, 3);
	assert_int_equal(noted->value[0], false); /* a child catches them, */
	assert_int_equal(noted->value[1], true);  /* its child that does not want it does not, */
	assert_int_equal(noted->value[2], true);  /* nor does the program */

	p = brood_start(.call = crash_write, .crash_report = BROOD_NO);
	brood_process_join(p);
	brood_report *report = brood_process_report(p);
	assert_int_equal(report->signal, SIGSEGV);
	assert_false(report->recorded);
	assert_null(brood_report_stack(report, NULL));
	brood_report_free(report);
	brood_process_free(p);
}

static void crash_by_default(void)
{
	signal(SIGSEGV, SIG_DFL);
	crash_write();
}

static void crash_ignored(void)
{
	signal(SIGSEGV, SIG_IGN);
	crash_write();
}

static void crash_blocked(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	crash_write();
}

static void crash_in_program(void)
{
	execl("/bin/sh", "sh", "-c", "kill -SEGV $$", (char *)NULL);
}

static void test_no_record_without_the_handler(void **state)
{
	(void)state;
	void (*const functions[])(void) = {crash_by_default, crash_ignored, crash_blocked,
					   crash_in_program};
	begin();
	for (int i = 0; i < 4; i++) {
		brood_process *p = crash(functions[i], NULL);
		brood_report *report = brood_process_report(p);
		assert_int_equal(report->signal, SIGSEGV);
		assert_false(report->recorded);
		assert_non_null(strstr(report->reason, "the library's handler was not in force"));
		brood_report_free(report);
		brood_process_free(p);
	}
}

/* A process that the target forks by itself leaves no record in its parent's name. */
static void crash_in_stranger(void)
{
	pid_t pid = fork();
	if (pid == 0)
		crash_write();
	siginfo_t info;
	waitid(P_PID, (id_t)pid, &info, WEXITED);
	note(info.si_status);
	abort();
}

static void test_strangers_die_without_a_record(void **state)
{
	(void)state;
	begin();
	brood_process *p = crash(crash_in_stranger, "fork");
	assert_int_equal(noted->value[0], SIGSEGV);
	brood_report *report = brood_process_report(p);
	assert_int_equal(report->signal, SIGABRT);
	assert_int_equal(report->signal_code, SI_TKILL);
	brood_report_free(report);
	brood_process_free(p);
}

/* The process has spoilt all that it shares with its parent of its own. */
static void crash_with_spoilt_memory(void)
{
	uintptr_t base = (uintptr_t)noted & ~(uintptr_t)0xffff;
	munmap((void *)base, 1 << 20);
	crash_divide();
}

static void test_without_the_heap_it_still_dies(void **state)
{
	(void)state;
	begin();
	brood_process *p = crash(crash_with_spoilt_memory, "fork");
	assert_true(brood_process_exitcode(p) < 0);
	brood_report *report = brood_process_report(p);
	assert_non_null(report);
	brood_report_free(report);
	brood_process_free(p);
}

static void wait_for_signal(void)
{
	note(1);
	for (;;)
		pause();
}

static void test_the_sender_is_known(void **state)
{
	(void)state;
	begin();
	brood_process *p = brood_start(.call = wait_for_signal);
	while (noted->count == 0)
		brood_sleep(0.001);
	kill(brood_process_pid(p), SIGBUS);
	brood_process_join(p);
	brood_report *report = brood_process_report(p);
	assert_int_equal(report->signal, SIGBUS);
	assert_int_equal(report->sender, getpid());
	assert_int_equal(report->sender_user, getuid());
	assert_non_null(strstr(report->reason, "sent by process "));
	brood_report_free(report);
	brood_process_free(p);
}

static int no_core_dumps(void **state)
{
	(void)state;
	brood_process *first = brood_start(.call = NULL); /* maps what is mapped once */
	brood_process_join(first);
	brood_process_free(first);
	return setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

int main(int argc, char **argv)
{
	(void)argc, (void)argv;
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_ways_under_fork),
		TEST(test_ways_under_spawn),
		TEST(test_ways_under_forkserver),
		TEST(test_file_and_line),
		TEST(test_a_call_without_a_line),
		TEST(test_stripped_program),
		TEST(test_debug_information_in_another_file),
#ifdef STATIC
		TEST(test_static_program),
#endif
		TEST(test_a_hole_in_the_stack),
		TEST(test_own_handlers_are_respected),
		TEST(test_only_children_that_want_it_catch),
		TEST(test_no_record_without_the_handler),
		TEST(test_strangers_die_without_a_record),
		TEST(test_without_the_heap_it_still_dies),
		TEST(test_the_sender_is_known),
	};
	return cmocka_run_group_tests(tests, no_core_dumps, NULL);
}
