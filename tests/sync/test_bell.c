/* SPDX-License-Identifier: MIT */
/* A bell: rung in one process, heard by poll() in others, whoever dies or stops. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "sync/bell.h"

enum { MANY = 30 };

/* What the listeners wait for, and what they tell. */
typedef struct object {
	_Atomic uint32_t changes;
	_Atomic uint32_t ready;
	_Atomic uint32_t heard;
	_Atomic uint32_t wanted;
	bell bell;
} object;

static object *object_new(void)
{
	object *o = brood_calloc(1, sizeof(*o));
	assert_non_null(o);
	return o;
}

static void object_free(object *o)
{
	bell_end(&o->bell);
	brood_free(o);
}

static void change(object *o)
{
	atomic_fetch_add(&o->changes, 1);
	bell_ring(&o->bell);
}

static bool readable(int fd, int milliseconds)
{
	struct pollfd wanted = {.fd = fd, .events = POLLIN};
	return poll(&wanted, 1, milliseconds) == 1;
}

static void wait_for(const _Atomic uint32_t *word, uint32_t at_least)
{
	for (uint32_t now; (now = atomic_load(word)) < at_least;)
		sys_futex_wait(word, now, NULL);
}

static void tell(_Atomic uint32_t *word)
{
	atomic_fetch_add(word, 1);
	sys_futex_wake(word, INT_MAX);
}

/* Hears until the object has changed so often. */
static void listener(void *arg)
{
	object *o = arg;
	uint32_t wanted = atomic_load(&o->wanted);
	int fd = bell_descriptor(&o->bell);
	if (fd < 0)
		abort();
	tell(&o->ready);
	while (atomic_load(&o->changes) < wanted) {
		if (!readable(fd, 20000))
			abort();
		bell_clear(&o->bell);
	}
	tell(&o->heard);
}

static void stubborn(void *arg)
{
	object *o = arg;
	if (bell_descriptor(&o->bell) < 0)
		abort();
	tell(&o->ready);
	for (;;)
		pause();
}

static void end(brood_process *p, int code)
{
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), code);
	brood_process_free(p);
}

static void test_in_one_process(void **state)
{
	(void)state;
	object *o = object_new();
	change(o); /* nobody listens */
	int fd = bell_descriptor(&o->bell);
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(bell_descriptor(&o->bell), fd);
	assert_false(readable(fd, 0));
	change(o);
	change(o);
	assert_true(readable(fd, 0));
	assert_true(readable(fd, 0)); /* until it is cleared */
	bell_clear(&o->bell);
	assert_false(readable(fd, 0));
	change(o);
	assert_true(readable(fd, 0));
	bell_drop(&o->bell);
	change(o);
	fd = bell_descriptor(&o->bell);
	assert_false(readable(fd, 0));
	change(o);
	assert_true(readable(fd, 0));
	object_free(o);
}

/* Readable without a ring, in time. */
static void test_ticking(void **state)
{
	(void)state;
	object *o = object_new();
	int fd = bell_ticking_descriptor(&o->bell);
	assert_true(fd > STDERR_FILENO);
	assert_int_equal(bell_ticking_descriptor(&o->bell), fd);
	assert_int_not_equal(bell_descriptor(&o->bell), fd);
	change(o);
	assert_true(readable(fd, 0));
	bell_clear(&o->bell);
	for (int i = 0; i < 2; i++) {
		assert_true(readable(fd, -1));
		assert_false(readable(bell_descriptor(&o->bell), 0));
		assert_true(readable(fd, 0)); /* until it is cleared */
		bell_clear(&o->bell);
	}
	object_free(o);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
}

static void test_between_processes(void **state)
{
	object *o = object_new();
	const char *method = *state;
	o->wanted = 2000;
	brood_process *p =
		brood_start(.target = listener, .args = BROOD_SHARE(o), .start_method = method);
	wait_for(&o->ready, 1);
	while (atomic_load(&o->changes) < 2000)
		change(o);
	end(p, 0);
	object_free(o);
}

static void test_by_fork(void **state)
{
	(void)state;
	test_between_processes(&(void *){"fork"});
}

static void test_by_spawn(void **state)
{
	(void)state;
	test_between_processes(&(void *){"spawn"});
}

static void test_more_listeners_than_places(void **state)
{
	(void)state;
	object *o = object_new();
	brood_process *p[MANY];
	o->wanted = 1;
	for (int i = 0; i < MANY; i++)
		p[i] = brood_start(.target = listener, .args = BROOD_SHARE(o));
	wait_for(&o->ready, MANY);
	change(o);
	for (int i = 0; i < MANY; i++)
		end(p[i], 0);
	assert_int_equal(o->heard, MANY);
	object_free(o);
}

static size_t blocks_now(void)
{
	brood_heap_stats stats;
	brood_heap_stats_get(&stats);
	return stats.blocks;
}

/* Places of the dead are used again, so that no page is ever added. */
static void test_dead_listeners(void **state)
{
	(void)state;
	object *o = object_new();
	size_t before = blocks_now();
	for (uint32_t i = 0; i < 40; i++) {
		brood_process *p = brood_start(.target = stubborn, .args = BROOD_SHARE(o));
		wait_for(&o->ready, i + 1);
		brood_process_kill(p);
		end(p, -SIGKILL);
		if (i % 2)
			change(o);
	}
	assert_int_equal(blocks_now(), before);
	change(o);
	for (int i = 0; i < 2; i++)
		assert_int_equal(o->bell.place[i].owner, 0);
	object_free(o);
}

static void test_stopped_listener(void **state)
{
	(void)state;
	object *o = object_new();
	o->wanted = 100001;
	brood_process *p = brood_start(.target = listener, .args = BROOD_SHARE(o));
	wait_for(&o->ready, 1);
	brood_process_signal(p, SIGSTOP);
	for (int i = 0; i < 100000; i++)
		change(o);
	brood_process_signal(p, SIGCONT);
	change(o);
	end(p, 0);
	object_free(o);
}

/* A fork's child hears for itself and takes nothing of its parent's. */
static void test_forked_child(void **state)
{
	(void)state;
	object *o = object_new();
	int fd = bell_descriptor(&o->bell);
	pid_t pid = fork();
	if (pid == 0) {
		if (readable(fd, 0)) /* closed: POLLNVAL */
			fd = bell_descriptor(&o->bell);
		tell(&o->ready);
		_exit(readable(fd, 20000) ? 0 : 1);
	}
	wait_for(&o->ready, 1);
	change(o);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(readable(fd, 0));
	bell_clear(&o->bell);
	assert_false(readable(fd, 0));
	object_free(o);
}

/* Two listeners and a ringer, each killed in turn somewhere while rings and clears go on. */
static void ringer(void *arg)
{
	object *o = arg;
	tell(&o->ready);
	for (;;)
		change(o);
}

static void forever(void *arg)
{
	object *o = arg;
	int fd = bell_descriptor(&o->bell);
	for (;;) {
		readable(fd, 1000);
		bell_clear(&o->bell);
	}
}

static void test_kills(void **state)
{
	(void)state;
	object *o = object_new();
	for (int i = 0; i < 60; i++) {
		brood_process *rings = brood_start(.target = ringer, .args = BROOD_SHARE(o));
		brood_process *hears = brood_start(.target = forever, .args = BROOD_SHARE(o));
		wait_for(&o->ready, (uint32_t)i + 1);
		brood_sleep(1e-5 * (rand() % 200));
		brood_process_kill(i % 2 ? rings : hears);
		brood_sleep(1e-5 * (rand() % 100));
		brood_process_kill(i % 2 ? hears : rings);
		end(rings, -SIGKILL);
		end(hears, -SIGKILL);
	}
	/* Whatever they left, a listener is heard. */
	int fd = bell_descriptor(&o->bell);
	for (int i = 0; i < 100; i++) {
		change(o);
		assert_true(readable(fd, 0));
		bell_clear(&o->bell);
	}
	object_free(o);
}

/* Without a descriptor to spare the ring is lost, but not the next. */
static void test_no_descriptor(void **state)
{
	(void)state;
	object *o = object_new();
	int full[1024], n = 0;
	while (n < 1024 && (full[n] = dup(STDERR_FILENO)) >= 0)
		n++;
	assert_int_equal(bell_descriptor(&o->bell), -EMFILE);
	assert_sentence("ulimit -n");
	close(full[--n]);
	int fd = bell_descriptor(&o->bell);
	assert_true(fd >= 0);
	errno = 7;
	change(o);
	assert_int_equal(errno, 7);
	assert_false(readable(fd, 0));
	while (n > 0)
		close(full[--n]);
	change(o);
	assert_true(readable(fd, 0));
	object_free(o);
}

int main(int argc, char **argv)
{
	brood_init();
	struct rlimit limit = {.rlim_cur = 256, .rlim_max = 256};
	setrlimit(RLIMIT_NOFILE, &limit);
	const struct CMUnitTest tests[] = {
		TEST(test_in_one_process), TEST(test_by_fork),
		TEST(test_by_spawn),	   TEST(test_more_listeners_than_places),
		TEST(test_dead_listeners), TEST(test_stopped_listener),
		TEST(test_forked_child),   TEST(test_kills),
		TEST(test_no_descriptor),  TEST(test_ticking),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
