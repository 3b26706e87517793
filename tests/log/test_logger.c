/* SPDX-License-Identifier: MIT */
/* Levels, names, the tree, handlers, and the exact lines on standard error. */

#include "log_test.h"

#include <errno.h>
#include <signal.h>

#include "log/log.h"

/* Defined where it stands, so that lines can be told. */
static void say_all(void)
{
	brood_log(brood_get_logger(), BROOD_LOG_SUBDEBUG, "subdebug");
	brood_log_debug("debug");
	brood_log_info("info");
	brood_log(brood_get_logger(), BROOD_LOG_SUBWARNING, "subwarning");
	brood_log_warning("warning");
	brood_log_error("error");
	brood_log_critical("critical");
	brood_log(brood_get_logger(), 7, "seven");
}

static void silent(void)
{
	say_all();
	brood_get_logger();
	say_all();
	brood_logger_set_level(brood_get_logger(), 1);
	say_all();
	log_info("internal");
}

static void everything(void)
{
	assert_ptr_equal(brood_log_to_stderr(1), brood_get_logger());
	say_all();
}

static void without_level(void)
{
	brood_log_to_stderr(BROOD_LOG_NOTSET);
	assert_int_equal(brood_logger_level(brood_get_logger()), BROOD_LOG_NOTSET);
	say_all();
}

static void keeps_level(void)
{
	brood_logger_set_level(brood_get_logger(), BROOD_LOG_ERROR);
	brood_log_to_stderr(0);
	say_all();
}

static void twice(void)
{
	brood_log_to_stderr(BROOD_LOG_INFO);
	brood_log_to_stderr(0);
	assert_int_equal(log_stderr_handlers(), 2);
	log_info("twice");
	log_debug("hidden");
}

static void as_another_process(void)
{
	brood_log_to_stderr(BROOD_LOG_DEBUG);
	log_set_process_name("Process-1");
	log_info("child process calling self.run()");
	log_info("process exiting with exitcode %d", 0);
}

static void in_forked_child(void)
{
	brood_log_to_stderr(BROOD_LOG_DEBUG);
	pid_t pid = fork();
	if (pid == 0) {
		log_set_process_name("Process-1");
		log_debug("child");
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	log_debug("parent");
}

static void test_lines(void **state)
{
	(void)state;
	EXPECT_NO_WRITES(silent);
	EXPECT_WRITES(everything, "[SUBDEBUG/MainProcess] subdebug\n",
		      "[DEBUG/MainProcess] debug\n", "[INFO/MainProcess] info\n",
		      "[SUBWARNING/MainProcess] subwarning\n", "[WARNING/MainProcess] warning\n",
		      "[ERROR/MainProcess] error\n", "[CRITICAL/MainProcess] critical\n",
		      "[Level 7/MainProcess] seven\n");
	EXPECT_WRITES(without_level, "[WARNING/MainProcess] warning\n",
		      "[ERROR/MainProcess] error\n", "[CRITICAL/MainProcess] critical\n");
	EXPECT_WRITES(keeps_level, "[ERROR/MainProcess] error\n",
		      "[CRITICAL/MainProcess] critical\n");
	EXPECT_WRITES(twice, "[INFO/MainProcess] twice\n", "[INFO/MainProcess] twice\n");
	EXPECT_WRITES(as_another_process, "[INFO/Process-1] child process calling self.run()\n",
		      "[INFO/Process-1] process exiting with exitcode 0\n");
	EXPECT_WRITES(in_forked_child, "[DEBUG/Process-1] child\n", "[DEBUG/MainProcess] parent\n");
}

enum { LONG = 100000 };

static void long_message(void)
{
	char *text = malloc(LONG + 1);
	memset(text, 'x', LONG);
	text[LONG] = '\0';
	brood_log_to_stderr(BROOD_LOG_INFO);
	for (int length = 960; length < 1010; length++)
		log_info("%.*s", length, text);
	log_info("%s", text);
	free(text);
}

/* Across the sizes of the buffers on the stack, and far beyond. */
static void test_long(void **state)
{
	(void)state;
	writes all = writes_of(long_message);
	size_t frame = strlen("[INFO/MainProcess] \n");
	assert_int_equal(all.count, 51);
	for (int i = 0; i < 51; i++) {
		size_t length = strlen(all.text[i]);
		assert_int_equal(length, frame + (i < 50 ? 960 + (size_t)i : LONG));
		assert_int_equal(strspn(all.text[i] + frame - 1, "x"), length - frame);
		assert_int_equal(all.text[i][length - 1], '\n');
	}
	writes_free(&all);
}

static void dead_stderr(void)
{
	int ends[2];
	brood_log_to_stderr(BROOD_LOG_INFO);
	if (pipe(ends) < 0)
		_exit(1);
	close(ends[0]);
	dup2(ends[1], 2);
	close(ends[1]);
	errno = ENOTTY;
	log_info("into a closed pipe");
	if (errno != ENOTTY)
		_exit(2);
	sigset_t pending;
	sigpending(&pending);
	if (sigismember(&pending, SIGPIPE))
		_exit(3);
	close(2);
	log_info("into nothing");
	if (errno != ENOTTY)
		_exit(4);
	/* The program's own SIGPIPE still works. */
	signal(SIGPIPE, SIG_IGN);
	log_info("ignored");
}

static void test_dead_stderr(void **state)
{
	(void)state;
	EXPECT_NO_WRITES(dead_stderr);
}

static void test_tree(void **state)
{
	(void)state;
	brood_logger *c = brood_logger_get("tree.b.c"), *b = brood_logger_get("tree.b");
	brood_logger *root = brood_logger_get("");
	assert_ptr_equal(brood_logger_get("root"), root);
	assert_ptr_equal(brood_logger_get("tree.b.c"), c);
	assert_ptr_equal(brood_logger_get("multiprocessing"), brood_get_logger());
	assert_string_equal(brood_logger_name(root), "root");
	assert_string_equal(brood_logger_name(c), "tree.b.c");
	assert_string_equal(brood_logger_name(brood_get_logger()), "multiprocessing");
	assert_int_equal(brood_logger_effective_level(c), BROOD_LOG_WARNING);
	assert_int_equal(brood_logger_set_level(root, BROOD_LOG_ERROR), 0);
	assert_int_equal(brood_logger_effective_level(c), BROOD_LOG_ERROR);
	assert_int_equal(brood_logger_effective_level(brood_get_logger()), BROOD_LOG_ERROR);
	assert_int_equal(brood_logger_set_level(b, 3), 0);
	assert_int_equal(brood_logger_effective_level(c), 3);
	assert_int_equal(brood_logger_level(c), 0);
	assert_true(brood_logger_is_enabled(c, 3));
	assert_false(brood_logger_is_enabled(c, 2));
	assert_int_equal(brood_logger_set_level(root, BROOD_LOG_WARNING), 0);
	assert_true(brood_logger_propagates(c));
	assert_false(brood_logger_propagates(brood_get_logger()));
	brood_logger *odd = brood_logger_get(".x..y.");
	assert_string_equal(brood_logger_name(odd), ".x..y.");
	assert_ptr_equal(brood_logger_get(".x..y."), odd);
}

/* A handler that notes what it gets. */
typedef struct notes {
	int count;
	int level;
	char text[100], logger[40], function[40], file[100], process[40];
	int line;
	pid_t pid, tid;
} notes;

static void note(const brood_log_record *record, void *data)
{
	notes *to = data;
	to->count++;
	to->level = record->level;
	to->line = record->line;
	to->pid = record->process;
	to->tid = record->thread;
	snprintf(to->text, sizeof(to->text), "%s", record->message);
	snprintf(to->logger, sizeof(to->logger), "%s", record->logger_name);
	snprintf(to->function, sizeof(to->function), "%s", record->function);
	snprintf(to->file, sizeof(to->file), "%s", record->file);
	snprintf(to->process, sizeof(to->process), "%s", record->process_name);
	assert_int_equal(record->message_length, strlen(record->message));
	errno = ELOOP;
}

static void test_handlers(void **state)
{
	(void)state;
	notes at_root = {0}, at_b = {0};
	brood_logger *root = brood_logger_get("root"), *c = brood_logger_get("h.b.c");
	brood_logger *b = brood_logger_get("h.b");
	long root_id = brood_logger_add_handler(root, BROOD_LOG_ERROR, note, &at_root);
	long b_id = brood_logger_add_handler(b, 0, note, &at_b);
	assert_true(root_id > 0 && b_id > 0 && root_id != b_id);

	/* -Wpedantic has no %m in a literal. */
	static const char *with_m = "%d %s %m";
	errno = EXDEV;
	brood_log(c, BROOD_LOG_WARNING, with_m, 1, "one");
	int line = __LINE__ - 1;
	assert_int_equal(errno, EXDEV);
	assert_int_equal(at_root.count, 0);
	assert_int_equal(at_b.count, 1);
	assert_int_equal(at_b.level, BROOD_LOG_WARNING);
	assert_string_equal(at_b.text, "1 one Invalid cross-device link");
	assert_string_equal(at_b.logger, "h.b.c");
	assert_string_equal(at_b.function, "test_handlers");
	assert_string_equal(at_b.process, "MainProcess");
	assert_string_equal(at_b.file, __FILE__);
	assert_int_equal(at_b.line, line);
	assert_int_equal(at_b.pid, getpid());
	assert_int_equal(at_b.tid, gettid());

	brood_log(c, BROOD_LOG_ERROR, "error");
	assert_int_equal(at_root.count, 1);
	assert_int_equal(at_b.count, 2);
	brood_log(c, BROOD_LOG_INFO, "below the root's level");
	assert_int_equal(at_b.count, 2);

	brood_logger_set_propagate(b, false);
	brood_log(c, BROOD_LOG_ERROR, "stays");
	assert_int_equal(at_root.count, 1);
	assert_int_equal(at_b.count, 3);

	assert_int_equal(brood_logger_remove_handler(b, root_id), -ENOENT);
	assert_int_equal(brood_logger_remove_handler(b, b_id), 0);
	assert_int_equal(brood_logger_remove_handler(b, b_id), -ENOENT);
	assert_int_equal(brood_logger_remove_handler(root, root_id), 0);
	brood_log(c, BROOD_LOG_ERROR, "nobody");
	assert_int_equal(at_b.count, 3);
}

static int released;

static void release(void *data)
{
	(void)data;
	released++;
}

static long own_id;

static void remove_itself(const brood_log_record *record, void *data)
{
	(void)record;
	assert_int_equal(brood_logger_remove_handler(data, own_id), 0);
	/* It is still running. */
	assert_int_equal(released, 0);
}

static void test_release(void **state)
{
	(void)state;
	brood_logger *logger = brood_logger_get("release");
	notes to = {0};
	long id = brood_logger_add_handler_owned(logger, 0, note, &to, release);
	released = 0;
	brood_log(logger, BROOD_LOG_ERROR, "x");
	assert_int_equal(released, 0);
	brood_logger_remove_handler(logger, id);
	assert_int_equal(released, 1);
	released = 0;
	own_id = brood_logger_add_handler_owned(logger, 0, remove_itself, logger, release);
	brood_log(logger, BROOD_LOG_ERROR, "x");
	assert_int_equal(released, 1);
}

static int nested;

static void log_again(const brood_log_record *record, void *data)
{
	nested++;
	brood_log(data, record->level, "again: %s", record->message);
}

/* Two handlers that log: each gets the record of the other, none its own. */
static void test_recursion(void **state)
{
	(void)state;
	brood_logger *logger = brood_logger_get("recursion");
	nested = 0;
	long first = brood_logger_add_handler(logger, 0, log_again, logger);
	brood_log(logger, BROOD_LOG_ERROR, "x");
	assert_int_equal(nested, 1);
	long second = brood_logger_add_handler(logger, 0, log_again, logger);
	nested = 0;
	brood_log(logger, BROOD_LOG_ERROR, "x");
	assert_int_equal(nested, 4);
	brood_logger_remove_handler(logger, first);
	brood_logger_remove_handler(logger, second);
}

static void test_errors(void **state)
{
	(void)state;
	notes to = {0};
	brood_logger *logger = brood_logger_get("errors");
	errno = 0;
	assert_null(brood_logger_get(NULL));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_logger_set_level(NULL, 10), -EINVAL);
	assert_int_equal(brood_logger_set_level(logger, -1), -EINVAL);
	assert_non_null(strstr(brood_error(), "negative"));
	assert_int_equal(brood_logger_level(NULL), -EINVAL);
	assert_int_equal(brood_logger_effective_level(NULL), -EINVAL);
	assert_int_equal(brood_logger_set_propagate(NULL, true), -EINVAL);
	assert_false(brood_logger_is_enabled(NULL, 50));
	assert_string_equal(brood_logger_name(NULL), "");
	assert_int_equal(brood_logger_add_handler(NULL, 0, note, &to), 0);
	assert_int_equal(brood_logger_add_handler(logger, 0, NULL, &to), 0);
	assert_int_equal(brood_logger_add_handler(logger, -1, note, &to), 0);
	assert_int_equal(brood_logger_remove_handler(NULL, 1), -EINVAL);
	assert_null(brood_log_to_stderr(-1));
	brood_log(NULL, BROOD_LOG_ERROR, "dropped");
}

static void test_wants(void **state)
{
	(void)state;
	notes to = {0};
	assert_false(log_wants(BROOD_LOG_CRITICAL));
	long id = brood_logger_add_handler(brood_get_logger(), BROOD_LOG_ERROR, note, &to);
	assert_false(log_wants(BROOD_LOG_WARNING));
	assert_true(log_wants(BROOD_LOG_ERROR));
	brood_logger_set_level(brood_get_logger(), BROOD_LOG_CRITICAL);
	assert_false(log_wants(BROOD_LOG_ERROR));
	brood_logger_set_level(brood_get_logger(), 0);
	brood_logger_remove_handler(brood_get_logger(), id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	    cmocka_unit_test(test_long),
		cmocka_unit_test(test_dead_stderr), cmocka_unit_test(test_tree),
		cmocka_unit_test(test_handlers),    cmocka_unit_test(test_release),
		cmocka_unit_test(test_recursion),   cmocka_unit_test(test_errors),
		cmocka_unit_test(test_wants),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
