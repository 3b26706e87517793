/* SPDX-License-Identifier: MIT */
/* Every call from many threads at once. */

#include "harness.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { THREADS = 6, ROUNDS = 40, FORKS = 60 };

static void in_threads(void *(*f)(void *), void *arg)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, f, arg), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void exit_with(void *arg)
{
	_exit(*(int *)arg);
}

static void sleep_long(void)
{
	brood_sleep(60);
}

static _Atomic int wrong;

static void *start_and_join(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		brood_process *p = brood_start(.target = exit_with, .args = BROOD_VALUE(i));
		wrong += !p || brood_process_join(p) != 0 || brood_process_exitcode(p) != i;
		brood_process_free(p);
	}
	return NULL;
}

static void test_start_and_join(void **state)
{
	(void)state;
	wrong = 0;
	in_threads(start_and_join, NULL);
	assert_int_equal(wrong, 0);
	assert_int_equal(brood_heap_check(stderr), 0);
}

static _Atomic int rounds;

/* Apart: AddressSanitizer does not clean the frames that a cancellation leaves. */
__attribute__((noinline)) static void start_one(void)
{
	int code = 7;
	brood_process *p = brood_start(.target = exit_with, .args = BROOD_VALUE(code));
	wrong += !p || brood_process_join(p) != 0 || brood_process_exitcode(p) != code;
	brood_process_free(p);
}

static _Atomic int rounds;

/* Is cancelled here only: no call of the library is a cancellation point. */
static void *start_for_ever(void *arg)
{
	(void)arg;
	for (;;) {
		pthread_testcancel();
		start_one();
		rounds++;
	}
	return NULL;
}

static void test_cancelled_threads_leave_nothing(void **state)
{
	(void)state;
	wrong = 0;
	for (int i = 0; i < 60; i++) {
		rounds = 0;
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, start_for_ever, NULL), 0);
		while (rounds < 1)
			;
		usleep((useconds_t)(i * 37 % 1000));
		pthread_cancel(thread);
		pthread_join(thread, NULL);
		int code = i;
		brood_process *p = brood_start(.target = exit_with, .args = BROOD_VALUE(code));
		assert_int_equal(brood_process_join(p), 0);
		assert_int_equal(brood_process_exitcode(p), code);
		brood_process_free(p);
	}
	assert_int_equal(wrong, 0);
}

static brood_process *shared;
static _Atomic int started;

static void *start_the_same(void *arg)
{
	(void)arg;
	if (brood_process_start(shared) == 0)
		started++;
	else
		wrong += strstr(brood_error(), "cannot start a process twice") == NULL;
	return NULL;
}

static void test_only_one_thread_starts_it(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		started = wrong = 0;
		shared = brood_process_new();
		in_threads(start_the_same, NULL);
		assert_int_equal(started, 1);
		assert_int_equal(wrong, 0);
		brood_process_join(shared);
		brood_process_free(shared);
	}
}

static void *do_everything(void *arg)
{
	(void)arg;
	brood_process *listed[8];
	for (int i = 0; i < ROUNDS; i++) {
		brood_process_is_alive(shared);
		brood_process_exitcode(shared);
		brood_process_set_name(shared, "renamed");
		wrong += strlen(brood_process_name(shared)) == 0;
		(void)brood_process_repr(shared);
		brood_process_join_timed(shared, 0.0001);
		int n = brood_active_children(listed, 8);
		for (int j = 0; j < n && j < 8; j++)
			brood_process_unref(listed[j]);
		if (i == ROUNDS / 2)
			brood_process_terminate(shared);
	}
	wrong += brood_process_join(shared) != 0;
	return NULL;
}

static void test_everything_on_one_object(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		wrong = 0;
		shared = brood_start(.call = sleep_long);
		in_threads(do_everything, NULL);
		assert_int_equal(wrong, 0);
		assert_int_equal(brood_process_exitcode(shared), -SIGTERM);
		brood_process_free(shared);
	}
}

static void *join_the_same(void *arg)
{
	(void)arg;
	wrong += brood_process_join(shared) != 0 || brood_process_exitcode(shared) != -SIGKILL;
	return NULL;
}

static void *kill_soon(void *arg)
{
	brood_sleep(0.01);
	brood_process_kill(shared);
	return arg;
}

static void test_many_join_one(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		wrong = 0;
		shared = brood_start(.call = sleep_long);
		pthread_t killer;
		pthread_create(&killer, NULL, kill_soon, NULL);
		in_threads(join_the_same, NULL);
		pthread_join(killer, NULL);
		assert_int_equal(wrong, 0);
		brood_process_free(shared);
	}
}

static _Atomic bool stop;

static void *hold_stdin(void *arg)
{
	char c;
	/* A pipe that nobody writes to, locked by a reader: a start must not wait for it. */
	ssize_t n = (ssize_t)fread(&c, 1, 1, arg);
	return (void *)n;
}

static void test_a_reader_does_not_hold_up_a_start(void **state)
{
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	FILE *in = fdopen(ends[0], "r");
	pthread_t reader;
	pthread_create(&reader, NULL, hold_stdin, in);
	brood_process *p = brood_start();
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), 0);
	brood_process_free(p);
	close(ends[1]);
	pthread_join(reader, NULL);
	fclose(in);
}

static _Atomic int warnings;

static void count_warnings(const brood_log_record *record, void *data)
{
	(void)data;
	if (record->level == BROOD_LOG_WARNING && strstr(record->message, "forkserver are safe"))
		warnings++;
}

static void test_forking_beside_threads_is_warned_of_once(void **state)
{
	(void)state;
	warnings = 0;
	long id = brood_logger_add_handler(brood_get_logger(), 0, count_warnings, NULL);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	FILE *in = fdopen(ends[0], "r");
	pthread_t reader;
	pthread_create(&reader, NULL, hold_stdin, in);
	for (int i = 0; i < 2; i++) {
		brood_process *p = brood_start(.start_method = "fork");
		brood_process_join(p);
		brood_process_free(p);
	}
	assert_int_equal(warnings, 1);
	close(ends[1]);
	pthread_join(reader, NULL);
	fclose(in);
	brood_logger_remove_handler(brood_get_logger(), id);
}

static void *log_and_rename(void *arg)
{
	brood_logger *logger = arg;
	while (!stop) {
		brood_log(logger, BROOD_LOG_INFO, "busy");
		brood_process *p = brood_process_new(.name = "x");
		brood_process_set_name(p, "y");
		brood_process_free(p);
		brood_finalizer *f = brood_finalizer_new(free, NULL, 0);
		brood_finalizer_free(f);
		brood_error();
	}
	return NULL;
}

static void drop(const brood_log_record *record, void *data)
{
	(void)record;
	(void)data;
}

/* In the child every lock of brood's that another thread held at the fork must be free. */
static void use_everything(void)
{
	brood_log_info("from the child");
	brood_process *p = brood_start();
	brood_process_join(p);
	brood_process_free(p);
	brood_finalizer_free(brood_finalizer_new(free, NULL, 0));
}

static void test_fork_while_others_are_busy(void **state)
{
	(void)state;
	brood_logger *logger = brood_get_logger();
	brood_logger_set_level(logger, BROOD_LOG_DEBUG);
	long id = brood_logger_add_handler(logger, 0, drop, NULL);
	stop = false;
	pthread_t threads[2];
	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, log_and_rename, logger);
	for (int i = 0; i < 100; i++) {
		brood_process *p = brood_start(.call = use_everything);
		assert_int_equal(brood_process_join_timed(p, 20), 0);
		assert_int_equal(brood_process_exitcode(p), 0);
		brood_process_free(p);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	brood_logger_remove_handler(logger, id);
	brood_logger_set_level(logger, BROOD_LOG_NOTSET);
}

static void nothing(void) {}

void __cxa_finalize(void *module);

/* As dlclose() does: with the lock of the at-exit functions it goes through all of them. */
static void *look_through_at_exit(void *arg)
{
	(void)arg;
	while (!stop)
		__cxa_finalize(&stop);
	return NULL;
}

static void *load_and_unload(void *arg)
{
	(void)arg;
	while (!stop) {
		void *library = dlopen("libresolv.so.2", RTLD_NOW);
		if (library)
			dlclose(library);
	}
	return NULL;
}

static void raise_in_vain(void)
{
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	brood_raise("Error", "with a traceback");
}

/* Of these locks glibc's fork() makes nothing anew. */
static int start_while(void *(*busy)(void *), void (*target)(void), int exitcode)
{
	pthread_t thread;
	int ended = 0;
	stop = false;
	pthread_create(&thread, NULL, busy, NULL);
	for (int i = 0; i < FORKS; i++) {
		brood_process *p = brood_start(.call = target, .start_method = "fork");
		ended += brood_process_join_timed(p, 20) == 0 &&
			 brood_process_exitcode(p) == exitcode;
		brood_process_kill(p);
		brood_process_join(p);
		brood_process_free(p);
	}
	stop = true;
	pthread_join(thread, NULL);
	return ended == FORKS ? 0 : 1;
}

static int fork_while_at_exit_is_locked(void)
{
	for (int i = 0; i < 1000; i++)
		atexit(nothing);
	return start_while(look_through_at_exit, nothing, 0);
}

static int fork_while_libraries_are_loaded(void)
{
	return start_while(load_and_unload, raise_in_vain, 1);
}

static int wait_inside(struct dl_phdr_info *module, size_t size, void *began)
{
	(void)module, (void)size;
	*(_Atomic bool *)began = true;
	while (!stop)
		;
	return 1;
}

static void *hold_the_list(void *began)
{
	dl_iterate_phdr(wait_inside, began);
	return NULL;
}

static void raise_aloud(void)
{
	brood_raise("Error", "nobody is %d", 3);
}

/* Without a traceback, the message is there. */
static int raise_while_the_list_is_held(void)
{
	static _Atomic bool began;
	pthread_t thread;
	stop = false;
	pthread_create(&thread, NULL, hold_the_list, &began);
	while (!began)
		;
	brood_process *p = brood_start(.call = raise_aloud, .name = "p", .start_method = "fork");
	int r = brood_process_join_timed(p, 20) == 0 ? brood_process_exitcode(p) : 99;
	brood_process_kill(p);
	stop = true;
	pthread_join(thread, NULL);
	return r;
}

static void test_a_child_waits_for_no_lock_of_glibc(void **state)
{
	(void)state;
	static outcome is;
	if (UNDER_TSAN) /* which takes locks of its own in the child */
		skip();
	run_role("fork_while_at_exit_is_locked", NULL, &is);
	assert_int_equal(is.status, 0);
	run_role("fork_while_libraries_are_loaded", NULL, &is);
	assert_int_equal(is.status, 0);
	run_role("raise_while_the_list_is_held", NULL, &is);
	assert_int_equal(is.status, 1 << 8);
	assert_non_null(strstr(is.err, "Process p:\nError: nobody is 3\n"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_forking_beside_threads_is_warned_of_once),
		TEST(test_start_and_join),
		TEST(test_cancelled_threads_leave_nothing),
		TEST(test_only_one_thread_starts_it),
		TEST(test_everything_on_one_object),
		TEST(test_many_join_one),
		TEST(test_a_reader_does_not_hold_up_a_start),
		TEST(test_fork_while_others_are_busy),
		TEST(test_a_child_waits_for_no_lock_of_glibc),
	};
	static const role roles[] = {ROLE(fork_while_at_exit_is_locked),
				     ROLE(raise_while_the_list_is_held),
				     ROLE(fork_while_libraries_are_loaded)};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
