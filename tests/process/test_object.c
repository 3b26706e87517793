/* SPDX-License-Identifier: MIT */
/* The object before and without a start: names, numbers, options, repr, wrong calls. */

#include "harness.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

static void nothing(void) {}
static void take(void *arg)
{
	(void)arg;
}
static void run(brood_process *self)
{
	(void)self;
}

static unsigned number_of(const brood_process *process)
{
	unsigned number = 0;
	sscanf(strrchr(brood_process_name(process), '-'), "-%u", &number);
	return number;
}

static void test_names_count_constructions(void **state)
{
	(void)state;
	brood_process *first = brood_process_new(.call = nothing);
	brood_process *named = brood_process_new(.call = nothing, .name = "my_service");
	brood_process *worker = brood_process_new(.run = run, .class_name = "Worker");
	brood_process *empty = brood_process_new(.call = nothing, .name = "");
	unsigned n = number_of(first);
	char expected[32];
	snprintf(expected, sizeof(expected), "Process-%u", n);
	assert_string_equal(brood_process_name(first), expected);
	assert_string_equal(brood_process_name(named), "my_service");
	snprintf(expected, sizeof(expected), "Worker-%u", n + 2);
	assert_string_equal(brood_process_name(worker), expected);
	snprintf(expected, sizeof(expected), "Process-%u", n + 3);
	assert_string_equal(brood_process_name(empty), expected);
	brood_process_free(first);
	brood_process_free(named);
	brood_process_free(worker);
	brood_process_free(empty);
}

static void test_rename_keeps_the_old_name_valid(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.name = "before");
	const char *before = brood_process_name(p);
	assert_int_equal(brood_process_set_name(p, "after"), 0);
	assert_string_equal(brood_process_name(p), "after");
	assert_string_equal(before, "before");
	assert_int_equal(brood_process_set_name(p, NULL), -EINVAL);
	assert_sentence("name must be a string");
	assert_string_equal(brood_process_name(p), "after");
	brood_process_free(p);
}

static void test_long_names(void **state)
{
	(void)state;
	char name[5000];
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	brood_process *p = brood_process_new(.name = name);
	assert_string_equal(brood_process_name(p), name);
	const char *repr = brood_process_repr(p);
	assert_int_equal(strlen(repr), BROOD_REPR_SIZE - 1);
	assert_string_equal(repr + strlen(repr) - 3, "...");
	char whole[6000];
	int length = brood_process_format(p, whole, sizeof(whole));
	assert_int_equal(length, strlen(whole));
	assert_string_equal(strchr(whole, ','), ", initial)>");
	brood_process_free(p);
}

static void show_comm(void)
{
	char comm[20] = "";
	FILE *file = fopen("/proc/self/comm", "r");
	exit(file && fgets(comm, sizeof(comm), file) && !strcmp(comm, "fourteen bytes\n") ? 0 : 1);
}

/* No character is cut apart. */
static void test_names_in_utf8(void **state)
{
	(void)state;
	char name[400] = "fourteen bytes";
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	while (strlen(name) < sizeof(name) - 4)
		strcat(name, "\u20ac");
	for (int before = 0; before < 3; before++) {
		brood_process *p = brood_process_new(.name = name + before);
		const char *repr = brood_process_repr(p);
		mbstate_t at = {0};
		const char *rest = repr;
		assert_string_equal(repr + strlen(repr) - 3, "...");
		assert_in_range(mbsrtowcs(NULL, &rest, 0, &at), 90, 110);
		brood_process_free(p);
	}
	setlocale(LC_CTYPE, "C");
	brood_process *p = brood_start(.call = show_comm, .name = name);
	brood_process_join(p);
	assert_int_equal(brood_process_exitcode(p), 0);
	brood_process_free(p);
}

static void test_repr_of_every_state_without_a_start(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.name = "p");
	brood_process *d = brood_process_new(.name = "d", .daemon = true, .class_name = "Worker");
	assert_string_equal(brood_process_repr(p), "<Process(p, initial)>");
	assert_string_equal(brood_process_repr(d), "<Worker(d, initial daemon)>");
	assert_int_equal(brood_process_close(d), 0);
	assert_string_equal(brood_process_repr(d), "<Worker(d, closed daemon)>");
	assert_string_equal(brood_process_repr(brood_current_process()),
			    "<_MainProcess(MainProcess, started)>");
	assert_string_equal(brood_process_repr(NULL), "<Process(NULL)>");
	brood_process_free(p);
	brood_process_free(d);
}

static void test_main_process(void **state)
{
	(void)state;
	brood_process *self = brood_current_process();
	assert_string_equal(brood_name(), "MainProcess");
	assert_true(brood_process_is_alive(self));
	assert_false(brood_process_daemon(self));
	assert_int_equal(brood_process_pid(self), getpid());
	assert_int_equal(brood_process_exitcode(self), BROOD_NO_EXITCODE);
	assert_int_equal(errno, 0);
	assert_null(brood_parent_process());
	assert_int_equal(errno, 0);
	assert_int_equal(brood_process_join(self), -EINVAL);
	assert_sentence("can only join a child process");
	assert_int_equal(brood_process_start(self), -EINVAL);
	assert_sentence("can only start a process object created by current process");
	assert_int_equal(brood_process_terminate(self), -EINVAL);
	assert_int_equal(brood_process_close(self), 0);
	brood_process_free(self);
	assert_string_equal(brood_name(), "MainProcess");
	assert_int_equal(brood_process_authkey(self).size, 32);
}

static void test_before_start(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.call = nothing, .name = "p");
	assert_int_equal(brood_process_pid(p), 0);
	assert_int_equal(brood_process_exitcode(p), BROOD_NO_EXITCODE);
	assert_false(brood_process_is_alive(p));
	assert_int_equal(brood_process_join(p), -EINVAL);
	assert_sentence("can only join a started process");
	assert_int_equal(brood_process_sentinel(p), -EINVAL);
	assert_sentence("process not started");
	assert_int_equal(brood_process_terminate(p), -EINVAL);
	assert_sentence("can only terminate a started process: call brood_process_start()");
	assert_int_equal(brood_process_kill(p), -EINVAL);
	assert_int_equal(brood_process_interrupt(p), -EINVAL);
	assert_int_equal(brood_process_signal(p, 0), -EINVAL);
	assert_int_equal(brood_process_set_daemon(p, true), 0);
	assert_true(brood_process_daemon(p));
	brood_process_free(p);
}

static void test_closed(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.call = nothing, .name = "p");
	assert_int_equal(brood_process_close(p), 0);
	assert_int_equal(brood_process_close(p), 0);
	assert_int_equal(brood_process_start(p), -EINVAL);
	assert_sentence("process object is closed");
	assert_int_equal(brood_process_join(p), -EINVAL);
	assert_sentence("process object is closed");
	assert_false(brood_process_is_alive(p));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_process_terminate(p), -EINVAL);
	assert_int_equal(brood_process_kill(p), -EINVAL);
	assert_int_equal(brood_process_exitcode(p), BROOD_NO_EXITCODE);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_process_pid(p), -EINVAL);
	assert_int_equal(brood_process_sentinel(p), -EINVAL);
	assert_string_equal(brood_process_name(p), "p");
	assert_false(brood_process_daemon(p));
	brood_process_free(p);
}

static void test_null_says_why(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.call = nothing, .target = take);
	assert_null(p);
	assert_int_equal(errno, EINVAL);
	assert_sentence("more than one of");
	assert_int_equal(brood_process_join_timed(p, (double)(0.0f / 0.0f)), -EINVAL);
	assert_sentence("NaN");
	assert_int_equal(brood_process_start(p), -EINVAL);
	assert_sentence("more than one of");
	assert_int_equal(brood_process_join(p), -EINVAL);
	assert_int_equal(brood_process_join_timed(p, 1), -EINVAL);
	assert_int_equal(brood_process_join_nowait(p), -EINVAL);
	assert_false(brood_process_is_alive(p));
	assert_int_equal(brood_process_exitcode(p), BROOD_NO_EXITCODE);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_process_terminate(p), -EINVAL);
	assert_int_equal(brood_process_kill(p), -EINVAL);
	assert_int_equal(brood_process_sentinel(p), -EINVAL);
	assert_int_equal(brood_process_pid(p), -EINVAL);
	assert_int_equal(brood_process_close(p), -EINVAL);
	assert_int_equal(brood_process_set_name(p, "x"), -EINVAL);
	assert_int_equal(brood_process_set_daemon(p, true), -EINVAL);
	assert_int_equal(brood_process_set_authkey(p, (brood_bytes){0}), -EINVAL);
	assert_false(brood_process_daemon(p));
	assert_string_equal(brood_process_name(p), "(null)");
	errno = 0;
	assert_null(brood_process_arg(p));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_process_format(p, NULL, 10), -EINVAL);
	assert_sentence("buffer is NULL");
	assert_int_equal(brood_process_format(p, NULL, 0), strlen("<Process(NULL)>"));
	brood_process_free(p);
	brood_process_unref(p);
	assert_null(brood_start(.call = nothing, .run = run));
	assert_sentence("more than one of");
}

static void test_wrong_options(void **state)
{
	(void)state;
	assert_null(brood_process_new_with(NULL));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_process_new_with(&(brood_process_options){.call = nothing}));
	assert_sentence("brood_process_new()");
	assert_null(brood_process_new(.call = nothing, .args = BROOD_VALUE(1)));
	assert_sentence(".target");
	assert_null(brood_process_new(.import = "no_such_module.so:worker"));
	assert_int_equal(errno, ENOENT);
	assert_sentence("no_such_module.so");
	assert_null(brood_process_new(.import = "no_such_function"));
	assert_int_equal(errno, ENOENT);
	assert_sentence("-rdynamic");
	assert_null(brood_process_new(.import = "libc.so.6:stdout"));
	assert_int_equal(errno, EINVAL);
	assert_sentence("no function");
	assert_null(brood_process_new(.import = ":"));
	assert_sentence("\"module.so:function\"");
	assert_null(brood_process_new(.import = ""));
	assert_sentence("\"module.so:function\"");
}

static void test_an_older_and_shorter_struct_is_accepted(void **state)
{
	(void)state;
	brood_process_options options = {.size = offsetof(brood_process_options, daemon),
					 .name = "old",
					 .daemon = true,
					 .detached = true};
	brood_process *p = brood_process_new_with(&options);
	assert_string_equal(brood_process_name(p), "old");
	assert_false(brood_process_daemon(p));
	brood_process_free(p);
}

static void test_no_struct_has_such_a_size(void **state)
{
	(void)state;
	const size_t sizes[] = {0, 9, sizeof(brood_process_options) + 8};
	for (size_t i = 0; i < 3; i++) {
		brood_process_options options = {.size = sizes[i]};
		assert_null(brood_process_new_with(&options));
		assert_int_equal(errno, EINVAL);
		assert_sentence("size");
	}
}

static void test_daemon_is_inherited(void **state)
{
	(void)state;
	brood_process *p = brood_process_new();
	brood_process *d = brood_process_new(.daemon = true);
	brood_process *n = brood_process_new(.daemon = BROOD_NO);
	assert_false(brood_process_daemon(p));
	assert_true(brood_process_daemon(d));
	assert_false(brood_process_daemon(n));
	brood_process_free(p);
	brood_process_free(d);
	brood_process_free(n);
}

static void make_daemonic(void *process)
{
	exit(brood_process_set_daemon(process, true) == -EINVAL &&
			     strstr(brood_error(), "only the process that made 'p'")
		     ? 0
		     : 1);
}

static void test_daemon_is_for_its_maker_to_set(void **state)
{
	(void)state;
	brood_process *p = brood_process_new(.name = "p");
	brood_process *other = brood_start(.target = make_daemonic, .args = BROOD_BORROW(p),
					   .start_method = "fork");
	brood_process_join(other);
	assert_int_equal(brood_process_exitcode(other), 0);
	assert_false(brood_process_daemon(p));
	brood_process_free(other);
	brood_process_free(p);
}

static void test_authkey(void **state)
{
	(void)state;
	brood_process *p = brood_process_new();
	brood_bytes family = brood_process_authkey(brood_current_process());
	assert_int_equal(family.size, 32);
	assert_memory_equal(brood_process_authkey(p).data, family.data, 32);
	assert_int_equal(brood_process_set_authkey(p, (brood_bytes){"key", 3}), 0);
	assert_int_equal(brood_process_authkey(p).size, 3);
	assert_memory_equal(brood_process_authkey(p).data, "key", 3);
	assert_int_equal(brood_process_set_authkey(p, (brood_bytes){NULL, 3}), -EINVAL);
	assert_int_equal(brood_process_authkey(p).size, 3);
	brood_process_free(p);
}

static void refused(void *object, const char *by)
{
	assert_non_null(object);
	assert_int_equal(brood_free(object), -EINVAL);
	assert_non_null(strstr(brood_error(), by));
	assert_int_equal(brood_keep(object), -EINVAL);
	assert_int_equal(brood_adopt(object), -EINVAL);
	assert_null(brood_realloc(object, 10));
}

static void test_brood_free_refuses_objects(void **state)
{
	(void)state;
	brood_queue *queue = brood_queue_new();
	brood_lock *lock = brood_lock_new();
	brood_dict *dict = brood_dict_new();
	brood_pipe pipe = brood_pipe_new();
	brood_process *p = brood_process_new();
	int *number = brood_shared_new(int, 7);
	refused(queue, "object of this library");
	refused(lock, "object of this library");
	refused(dict, "object of this library");
	refused(pipe.first, "object of this library");
	refused(number, "object of this library");
	refused(p, "brood_process_free()");
	assert_int_equal(brood_process_start(p), 0);
	refused(p, "brood_process_free()");
	brood_process_join(p);
	refused(p, "brood_process_free()");
	brood_queue_free(queue);
	brood_lock_free(lock);
	brood_dict_free(dict);
	brood_connection_free(pipe.first);
	brood_connection_free(pipe.second);
	brood_shared_free(number);
	brood_process_free(p);
	assert_int_equal(brood_heap_check(stderr), 0);
}

static void wait_for_stage(void)
{
	while (!noted->stage)
		usleep(100);
}

static void test_freed_twice(void **state)
{
	(void)state;
	brood_process *p = brood_start(.call = wait_for_stage, .name = "twice");
	brood_process_free(p);
	errno = 0;
	brood_process_free(p);
	assert_int_equal(errno, EINVAL);
	assert_string_equal(brood_error(), "'twice' has been freed already");
	brood_process *running = NULL;
	assert_int_equal(brood_active_children(&running, 1), 1);
	assert_ptr_equal(running, p);
	noted->stage = 1;
	assert_int_equal(brood_process_join(running), 0);
	brood_process_unref(running);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names_count_constructions),
		TEST(test_rename_keeps_the_old_name_valid),
		TEST(test_long_names),
		TEST(test_names_in_utf8),
		TEST(test_repr_of_every_state_without_a_start),
		TEST(test_main_process),
		TEST(test_before_start),
		TEST(test_closed),
		TEST(test_null_says_why),
		TEST(test_wrong_options),
		TEST(test_an_older_and_shorter_struct_is_accepted),
		TEST(test_no_struct_has_such_a_size),
		TEST(test_daemon_is_inherited),
		TEST(test_daemon_is_for_its_maker_to_set),
		TEST(test_authkey),
		TEST(test_brood_free_refuses_objects),
		TEST(test_freed_twice),
	};
	return HARNESS_RUN(tests);
}
