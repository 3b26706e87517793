/* SPDX-License-Identifier: MIT */
/* Reports of processes that ended otherwise than by a crash; last words; callbacks; exit codes. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/frames.h"
#include "process/object.h"
#include "process/report_record.h"

static void nothing(void) {}

static void exit_with_3(void)
{
	exit(3);
}

static brood_report *report_of_end(brood_process *p)
{
	assert_int_equal(brood_process_join(p), 0);
	brood_report *report = brood_process_report(p);
	assert_non_null(report);
	assert_int_equal(report->size, sizeof(*report));
	return report;
}

static void test_a_plain_end(void **state)
{
	(void)state;
	brood_process *p =
		brood_start(.call = exit_with_3, .name = "plain", .start_method = "fork");
	brood_report *report = report_of_end(p);
	assert_string_equal(report->name, "plain");
	assert_string_equal(report->start_method, "fork");
	assert_string_equal(report->reason, "exited with 3");
	assert_int_equal(report->pid, brood_process_pid(p));
	assert_int_equal(report->exitcode, 3);
	assert_int_equal(report->signal, 0);
	assert_false(report->core_dumped);
	assert_true(report->run_time > 0);
	assert_true(report->user_time >= 0 && report->system_time >= 0);
	assert_true(report->peak_memory > 0);
	assert_null(report->error_type);
	int count = 7;
	assert_null(brood_report_stack(report, &count));
	assert_int_equal(count, 0);
	brood_process_free(p);
	assert_string_equal(report->name, "plain"); /* it needs the object no more */
	brood_report_free(report);
}

static void wait_for_ever(void)
{
	for (;;)
		pause();
}

static void test_what_has_no_report(void **state)
{
	(void)state;
	assert_null(brood_process_report(NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_process_report(brood_current_process()));
	assert_int_equal(errno, EINVAL);
	brood_process *p = brood_process_new(.call = wait_for_ever);
	assert_null(brood_process_report(p));
	assert_int_equal(errno, EINVAL);
	assert_sentence("has not been started");
	brood_process_start(p);
	assert_null(brood_process_report(p));
	assert_int_equal(errno, EBUSY);
	assert_sentence("join it");
	brood_process_terminate(p);
	brood_report *report = report_of_end(p);
	assert_string_equal(report->reason, "SIGTERM: Terminated");
	brood_report_free(report);
	brood_process_close(p);
	assert_null(brood_process_report(p));
	assert_int_equal(errno, EINVAL);
	brood_process_free(p);

	assert_null(brood_report_stack(NULL, NULL));
	assert_int_equal(brood_report_print(NULL, stdout), -EINVAL);
	brood_report_free(NULL);
	brood_report_to_stderr(NULL, NULL);
}

static void test_exit_codes_in_words(void **state)
{
	(void)state;
	assert_string_equal(brood_exitcode_text(0), "exited with 0");
	assert_string_equal(brood_exitcode_text(255), "exited with 255");
	assert_string_equal(brood_exitcode_text(-SIGTERM), "killed by SIGTERM");
	assert_string_equal(brood_exitcode_text(-(SIGRTMIN + 1)), "killed by signal 35");
	assert_string_equal(brood_exitcode_text(-1000000000), "killed by signal 1000000000");
	assert_string_equal(brood_exitcode_text(BROOD_NO_EXITCODE), "not ended, or not known how");
	char small[7];
	assert_string_equal(brood_exitcode_text_into(3, small, sizeof(small)), "exited");
	assert_string_equal(brood_exitcode_text_into(3, NULL, 0), "");
}

static void quiet(void)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	dup2(null, STDERR_FILENO);
}

static void raises(void)
{
	quiet();
	brood_raise("ValueError", "%d is too much", 12);
}

static void test_a_raised_error(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = raises);
	brood_report *report = report_of_end(p);
	int count;
	assert_int_equal(report->exitcode, 1);
	assert_string_equal(report->error_type, "ValueError");
	assert_string_equal(report->error_message, "12 is too much");
	assert_string_equal(report->reason, "ValueError: 12 is too much");
	const brood_frame *stack = brood_report_stack(report, &count);
	assert_true(count > 0);
	if (stack[count - 1].function)
		assert_string_equal(stack[count - 1].function, "raises");
	brood_report_free(report);
	brood_process_free(p);
}

static void raises_much(void)
{
	static char type[CRASH_RAISED], message[2 * CRASH_RAISED];
	memset(type, 't', sizeof(type) - 1);
	memset(message, 'm', sizeof(message) - 1);
	quiet();
	brood_raise(type, "%s", message);
}

static void test_a_long_error_is_cut(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = raises_much);
	brood_report *report = report_of_end(p);
	int count;
	assert_int_equal(strspn(report->error_type, "t"), CRASH_RAISED / 16);
	assert_int_equal(strspn(report->error_message, "m"), CRASH_RAISED * 3 / 8);
	assert_int_equal(strlen(report->error_message), CRASH_RAISED * 3 / 8);
	assert_memory_equal(report->reason, "tttt", 4);
	brood_report_stack(report, &count);
	assert_true(count > 0);
	brood_report_free(report);
	brood_process_free(p);
}

static void logs(void)
{
	for (int i = 1; i <= 40; i++)
		brood_log_debug("line %d", i);
	brood_log(brood_logger_get("other"), BROOD_LOG_ERROR, "the last");
	brood_log(brood_get_logger(), BROOD_LOG_SUBDEBUG, "too low");
	kill(getpid(), SIGKILL);
}

static void test_last_words_outlive_sigkill(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = logs);
	brood_report *report = report_of_end(p);
	assert_int_equal(report->signal, SIGKILL);
	assert_int_equal(report->last_word_count, 16);
	assert_string_equal(report->last_words[0].message, "line 26");
	assert_int_equal(report->last_words[0].level, BROOD_LOG_DEBUG);
	assert_string_equal(report->last_words[0].logger, "multiprocessing");
	assert_string_equal(report->last_words[15].message, "the last");
	assert_string_equal(report->last_words[15].logger, "other");
	brood_report_free(report);
	brood_process_free(p);
}

static void logs_lines(void)
{
	brood_log_error("first\nsecond\n");
	kill(getpid(), SIGKILL);
}

static void test_last_words_stand_under_one_another(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = logs_lines);
	brood_report *report = report_of_end(p);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(brood_report_print(report, out), 0);
	fclose(out);
	const char *tail = " ERROR first\n      second\n\n";
	assert_string_equal(text + size - strlen(tail), tail);
	free(text);
	brood_report_free(report);
	brood_process_free(p);
}

static void starts_one_that_logs(void)
{
	brood_process *p = brood_start(.call = logs);
	brood_process_join(p);
	brood_report *report = brood_process_report(p);
	note(report->last_word_count);
	brood_report_free(report);
	brood_process_free(p);
}

static void test_how_many_last_words(void **state)
{
	(void)state;
	assert_int_equal(brood_log_set_last_words(-1), -EINVAL);
	assert_int_equal(brood_log_set_last_words(4097), -EINVAL);
	assert_int_equal(brood_log_set_last_words(3), 0);
	brood_process *p = brood_start(.call = starts_one_that_logs, .start_method = "fork");
	brood_process_join(p);
	brood_process_free(p);
	assert_int_equal(brood_log_set_last_words(0), 0);
	p = brood_start(.call = starts_one_that_logs, .start_method = "fork");
	brood_process_join(p);
	brood_process_free(p);
	brood_log_set_last_words(16);
	assert_int_equal(noted->value[0], 3);
	assert_int_equal(noted->value[1], 0);
}

static void test_a_silent_process_keeps_nothing(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = nothing);
	brood_process_join(p);
	assert_null(p->words.ring);
	assert_null(p->record);
	brood_process_free(p);
}

static struct {
	int calls;
	char text[128];
	void *data;
} told;

static void tell(brood_report *report, void *data)
{
	told.calls++;
	told.data = data;
	snprintf(told.text, sizeof(told.text), "%s: %s", report->name, report->reason);
	/* It may use the library. */
	brood_active_children(NULL, 0);
}

static void test_the_callback(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	brood_process *p = brood_start(.call = exit_with_3, .name = "told", .on_report = tell,
				       .report_data = &told);
	brood_process_join(p);
	assert_int_equal(told.calls, 1);
	assert_ptr_equal(told.data, &told);
	assert_string_equal(told.text, "told: exited with 3");
	brood_process_join(p);
	brood_process_exitcode(p);
	assert_int_equal(told.calls, 1);
	brood_process_free(p);
}

static void test_the_callback_of_a_detached_process(void **state)
{
	(void)state;
	memset(&told, 0, sizeof(told));
	brood_process *p = brood_start(.call = exit_with_3, .name = "gone", .on_report = tell,
				       .detached = true);
	assert_non_null(p);
	siginfo_t info;
	waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
	brood_active_children(NULL, 0);
	assert_int_equal(told.calls, 1);
	assert_string_equal(told.text, "gone: exited with 3");
}

static int prints_to_stderr(void)
{
	brood_process *killed = brood_start(.call = wait_for_ever, .name = "killed",
					    .on_report = brood_report_to_stderr);
	brood_process *ended = brood_start(.call = wait_for_ever, .name = "ended",
					   .on_report = brood_report_to_stderr);
	brood_process *stopped = brood_start(.call = wait_for_ever, .name = "interrupted",
					     .on_report = brood_report_to_stderr);
	kill(brood_process_pid(killed), SIGUSR1);
	kill(brood_process_pid(stopped), SIGINT);
	brood_process_terminate(ended);
	brood_process_join(killed);
	brood_process_join(stopped);
	brood_process_join(ended);
	return 0;
}

static void test_unexpected_ends_are_printed(void **state)
{
	(void)state;
	outcome end;
	run_role("prints_to_stderr", NULL, &end);
	assert_int_equal(end.status, 0);
	const char *text = "Process killed:\nSIGUSR1: User defined signal 1\n  [pid ";
	assert_memory_equal(end.err, text, strlen(text));
	assert_null(strstr(end.err, "ended:"));
	assert_null(strstr(end.err, "interrupted:"));
}

static int logs_unexpected_ends(void)
{
	brood_log_to_stderr(BROOD_LOG_WARNING);
	brood_process *p = brood_start(.call = wait_for_ever, .name = "killed");
	kill(brood_process_pid(p), SIGUSR1);
	brood_process_join(p);
	p = brood_start(.call = wait_for_ever, .name = "ended");
	brood_process_terminate(p);
	brood_process_join(p);
	return 0;
}

static void test_unexpected_ends_are_logged(void **state)
{
	(void)state;
	outcome end;
	run_role("logs_unexpected_ends", NULL, &end);
	const char *text = "[WARNING/MainProcess] process killed (pid ";
	assert_memory_equal(end.err, text, strlen(text));
	assert_non_null(strstr(end.err, "): SIGUSR1: User defined signal 1\n"));
	assert_null(strstr(end.err, "ended"));
}

static void test_a_stolen_status(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = exit_with_3);
	assert_int_equal(waitpid(brood_process_pid(p), NULL, 0), brood_process_pid(p));
	brood_report *report = report_of_end(p);
	/* The kernel or the process itself said how it ended, but not what it used. */
	assert_int_equal(report->exitcode, 3);
	assert_true(report->user_time < 0 && report->peak_memory < 0);
	brood_report_free(report);
	brood_process_free(p);

	p = brood_start(.call = exit_with_3);
	brood_process_join(p);
	p->status_lost = true; /* as where the kernel keeps no status, after a signal */
	report = report_of_end(p);
	assert_int_equal(report->exitcode, BROOD_NO_EXITCODE);
	assert_non_null(strstr(report->reason, "its status is lost"));
	brood_report_free(report);
	brood_process_free(p);
}

/* Whatever a record says, its reader reads within it. */
static void test_spoilt_records(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = nothing);
	brood_process_join(p);
	size_t size = sizeof(struct crash_record) + 4096;
	srand(7);
	for (int round = 0; round < 60; round++) {
		unsigned char *bytes = brood_alloc(size);
		struct crash_record *record = (void *)bytes;
		for (size_t i = 0; i < size; i++)
			bytes[i] = round % 3 == 0 ? 0xff : (unsigned char)rand();
		record->magic = CRASH_MAGIC;
		record->signal = SIGSEGV;
		if (round % 3 == 2) { /* mostly in order */
			record->module_count = 5;
			record->frame_count = 5;
			record->modules[0].path = (uint32_t)round;
			record->stack_start = record->sp & ~UINT64_C(7);
			record->stack_size = 4096;
		}
		p->record = record;
		p->exitcode = -SIGSEGV;
		brood_report *report = brood_process_report(p);
		assert_non_null(report);
		assert_true(report->recorded);
		int count;
		brood_report_stack(report, &count);
		brood_report_free(report);
		record_drop(p);
	}
	p->exitcode = 0;
	brood_process_free(p);
}

static void test_spoilt_errors_and_words(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = nothing);
	brood_process_join(p);
	for (int round = 0; round < 20; round++) {
		struct raised_record *record = brood_alloc(200);
		memset(record, round % 2 ? 0xff : 'x', 200);
		record->magic = RAISED_MAGIC;
		record->size = round < 10 ? UINT32_MAX : (uint32_t)(round - 10);
		p->record = record;
		last_words *ring = brood_alloc(1000);
		memset(ring, 0xfe, 1000);
		p->words.ring = ring;
		p->words.lines = UINT32_MAX;
		brood_report *report = brood_process_report(p);
		assert_non_null(report);
		brood_report_stack(report, NULL);
		FILE *null = fopen("/dev/null", "w");
		assert_int_equal(brood_report_print(report, null), 0);
		fclose(null);
		brood_report_free(report);
		record_drop(p);
	}
	brood_process_free(p);
}

/* What is no block of the dead process is not taken. */
static void leave_foreign_record(void)
{
	atomic_store(&brood_current_process()->record, (void *)noted);
	atomic_store(&brood_current_process()->words.ring, (last_words *)&told);
}

static void test_foreign_blocks_are_not_taken(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = leave_foreign_record, .start_method = "fork");
	brood_report *report = report_of_end(p);
	assert_null(p->record);
	assert_null(p->words.ring);
	brood_report_free(report);
	brood_process_free(p);
	note(1); /* still ours */
}

static void check_marked(const char *lines, const char *expected)
{
	frames stack;
	char text[1024] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");
	assert_int_equal(frames_read(strdup(lines), &stack), 0);
	frames_print(out, &stack, "<", ">");
	fclose(out);
	frames_clear(&stack);
	assert_string_equal(text, expected);
}

/* As the C++ library has it; exported, as that of a C++ program is. */
__attribute__((visibility("default"))) char *__cxa_demangle(const char *name, char *buffer,
							    size_t *size, int *status);
char *__cxa_demangle(const char *name, char *buffer, size_t *size, int *status)
{
	(void)buffer, (void)size, (void)status;
	return strcmp(name, "_Z1fi") == 0 ? strdup("f(int)") : NULL;
}

static void test_names_are_readable(void **state)
{
	(void)state;
	static const char *const names[][2] = {
		{"_Z1fi", "f(int)"}, {"_Zno", "_Zno"}, {"plain", "plain"}};
	for (int i = 0; i < 3; i++) {
		char *text = NULL;
		size_t size;
		frames stack;
		FILE *out = open_memstream(&text, &size);
		frames_begin(out, true);
		frames_write(out, 1, &(symbol){.function = names[i][0]});
		fclose(out);
		assert_int_equal(frames_read(text, &stack), 0);
		assert_string_equal(stack.items[0].function, names[i][1]);
		frames_clear(&stack);
	}
}

static void test_the_last_frame_shown_is_marked(void **state)
{
	(void)state;
	check_marked("stack 1\n2\t2\t7\tg\ta.c\tm\n1\t1\t5\tf\ta.c\tm\n",
		     "  File \"a.c\", line 5, in f\n<  File \"a.c\", line 7, in g\n>");
	check_marked("stack 0\n9\t9\t0\t\t\tm\n9\t9\t0\t\t\tm\n",
		     "  [Not all calls before the last are known]\n"
		     "  File \"m\", at +0x9\n<  File \"m\", at +0x9\n>");
	check_marked("stack 1\n9\t9\t0\t\t\tm\n9\t9\t0\t\t\tm\n9\t9\t0\t\t\tm\n"
		     "9\t9\t0\t\t\tm\n9\t9\t0\t\t\tm\n1\t1\t5\tf\ta.c\tm\n",
		     "  File \"a.c\", line 5, in f\n"
		     "  File \"m\", at +0x9\n  File \"m\", at +0x9\n<  File \"m\", at +0x9\n>"
		     "  [Previous line repeated 2 more times]\n");
}

static void test_a_stream_that_fails(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = nothing);
	brood_report *report = report_of_end(p);
	FILE *full = fopen("/dev/full", "w");
	assert_int_equal(brood_report_print(report, full), -ENOSPC);
	assert_sentence("cannot be printed");
	fclose(full);
	brood_report_free(report);
	brood_process_free(p);
}

int main(int argc, char **argv)
{
	brood_init();
	const role roles[] = {ROLE(prints_to_stderr), ROLE(logs_unexpected_ends)};
	const struct CMUnitTest tests[] = {
		TEST(test_a_plain_end),
		TEST(test_what_has_no_report),
		TEST(test_exit_codes_in_words),
		TEST(test_a_raised_error),
		TEST(test_a_long_error_is_cut),
		TEST(test_last_words_outlive_sigkill),
		TEST(test_last_words_stand_under_one_another),
		TEST(test_how_many_last_words),
		TEST(test_a_silent_process_keeps_nothing),
		TEST(test_the_callback),
		TEST(test_the_callback_of_a_detached_process),
		TEST(test_unexpected_ends_are_printed),
		TEST(test_unexpected_ends_are_logged),
		TEST(test_a_stolen_status),
		TEST(test_spoilt_records),
		TEST(test_spoilt_errors_and_words),
		TEST(test_foreign_blocks_are_not_taken),
		TEST(test_names_are_readable),
		TEST(test_the_last_frame_shown_is_marked),
		TEST(test_a_stream_that_fails),
	};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
