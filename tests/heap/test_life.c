/* SPDX-License-Identifier: MIT */

/* Waits that a death ends, and the life word beside the program's own robust mutexes. */

#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "base/sys.h"
#include "heap/life.h"

enum { MUTEXES = 3, WATCHERS = 4 };

/* What parent and child share. */
struct shared {
	_Atomic uint32_t ready;
	_Atomic uint32_t word;
	_Atomic heap_owner owner;
	_Atomic int results[WATCHERS];
	pthread_mutex_t mutexes[MUTEXES];
};
static struct shared *shared;

static int setup(void **state)
{
	(void)state;
	shared = brood_calloc(1, sizeof(*shared));
	return shared ? 0 : -1;
}

static int teardown(void **state)
{
	brood_free(shared);
	return heap_is_empty(state);
}

static void say_ready(void)
{
	atomic_fetch_add(&shared->ready, 1);
	sys_futex_wake(&shared->ready, 1);
}

static void await_ready(uint32_t count)
{
	uint32_t ready;
	while ((ready = atomic_load(&shared->ready)) < count)
		sys_futex_wait(&shared->ready, ready, NULL);
}

static pid_t start(process_slot *slot, void (*run)(void))
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		run();
		_exit(0);
	}
	return pid;
}

static void own_and_pause(void)
{
	shared->owner = life_owner();
	say_ready();
	for (;;)
		pause();
}

static process_slot *start_owner(pid_t *ret, void (*run)(void))
{
	process_slot *slot = table_reserve();
	assert_non_null(slot);
	*ret = start(slot, run);
	await_ready(1);
	return slot;
}

static void end_owner(process_slot *slot, pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(child_end(pid), -SIGKILL);
	table_release(slot);
}

static deadline soon(void)
{
	return clock_now() + 1000 * 1000;
}

static void an_owner_is_registered_once(void **state)
{
	(void)state;
	heap_owner me = life_owner();
	assert_true(owner_is_process(me));
	assert_int_equal(life_owner(), me);
	assert_int_equal(table_self()->life.word, (uint32_t)gettid() | LIFE_WATCHED);
	assert_false(life_dead(me));
}

static void a_wait_looks_at_the_word_and_the_deadline(void **state)
{
	(void)state;
	const heap_owner peers[] = {0, HEAP_OWNER_FAMILY, LIFE_SEVERAL, life_owner()};
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		assert_int_equal(life_wait(&shared->word, 1, peers[i], DEADLINE_NEVER), 0);
		assert_int_equal(life_wait(&shared->word, 0, peers[i], 0), -ETIMEDOUT);
		assert_int_equal(life_wait(&shared->word, 0, peers[i], soon()), -ETIMEDOUT);
	}
	assert_int_equal(life_wait(&shared->word, 0, LIFE_SEVERAL, DEADLINE_NEVER), 0);
}

static void change_word(void)
{
	shared->owner = life_owner();
	say_ready();
	shared->word = 1;
	sys_futex_wake(&shared->word, 1);
	for (;;)
		pause();
}

static void a_change_ends_a_wait_for_a_living_peer(void **state)
{
	(void)state;
	pid_t pid;
	process_slot *slot = start_owner(&pid, change_word);
	int r;
	while ((r = life_wait(&shared->word, 0, shared->owner, DEADLINE_NEVER)) == 0 &&
	       !shared->word)
		;
	assert_int_equal(r, 0);
	assert_false(life_dead(shared->owner));
	end_owner(slot, pid);
}

static void a_dead_peer_is_dead_at_once(void **state)
{
	(void)state;
	pid_t pid;
	process_slot *slot = start_owner(&pid, own_and_pause);
	assert_false(life_dead(shared->owner));
	kill(pid, SIGKILL);
	assert_int_equal(child_end(pid), -SIGKILL);
	assert_true(life_dead(shared->owner));
	assert_true(slot->life.word & LIFE_LEFT);
	assert_int_equal(life_wait(&shared->word, 0, shared->owner, 0), -EOWNERDEAD);
	assert_int_equal(life_wait(&shared->word, 0, shared->owner, DEADLINE_NEVER), -EOWNERDEAD);
	table_release(slot);
	assert_int_equal(life_wait(&shared->word, 0, shared->owner, DEADLINE_NEVER), -EOWNERDEAD);
	assert_true(life_dead(shared->owner));
}

static void *watch(void *argument)
{
	_Atomic int *result = &shared->results[(intptr_t)argument];
	say_ready();
	int r;
	while ((r = life_wait(&shared->word, 0, shared->owner, DEADLINE_NEVER)) == 0)
		;
	*result = r;
	return NULL;
}

static void a_death_ends_all_waits_for_it(void **state)
{
	(void)state;
	pid_t pid;
	pthread_t threads[WATCHERS];
	process_slot *slot = start_owner(&pid, own_and_pause);
	for (int i = 0; i < WATCHERS; i++)
		pthread_create(&threads[i], NULL, watch, (void *)(intptr_t)i);
	await_ready(1 + WATCHERS);
	kill(pid, SIGKILL);
	for (int i = 0; i < WATCHERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(shared->results[i], -EOWNERDEAD);
	}
	end_owner(slot, pid);
}

static void *own(void *unused)
{
	(void)unused;
	shared->owner = life_owner();
	return NULL;
}

static void own_by_a_thread_and_pause(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, own, NULL);
	pthread_join(thread, NULL);
	say_ready();
	await_ready(2);
	life_owner();
	say_ready();
	for (;;)
		pause();
}

static void a_process_outlives_the_thread_that_registered_it(void **state)
{
	(void)state;
	pid_t pid;
	process_slot *slot = start_owner(&pid, own_by_a_thread_and_pause);
	assert_true(slot->life.word & LIFE_LEFT);
	assert_false(life_dead(shared->owner));
	assert_int_equal(life_wait(&shared->word, 0, shared->owner, soon()), -ETIMEDOUT);
	say_ready();
	await_ready(3);
	assert_int_equal(slot->life.word, (uint32_t)pid | LIFE_WATCHED);
	kill(pid, SIGKILL);
	assert_int_equal(life_wait(&shared->word, 0, shared->owner, DEADLINE_NEVER), -EOWNERDEAD);
	end_owner(slot, pid);
}

static void make_mutexes(void)
{
	pthread_mutexattr_t attributes;
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < MUTEXES; i++)
		pthread_mutex_init(&shared->mutexes[i], &attributes);
	pthread_mutexattr_destroy(&attributes);
}

/* The life word is linked between two held mutexes, and becomes the list's first and last. */
static void own_between_mutexes(void)
{
	pthread_mutex_lock(&shared->mutexes[0]);
	life_owner();
	pthread_mutex_lock(&shared->mutexes[1]);
	pthread_mutex_lock(&shared->mutexes[2]);
	pthread_mutex_unlock(&shared->mutexes[0]);
	pthread_mutex_unlock(&shared->mutexes[1]);
	pthread_mutex_lock(&shared->mutexes[1]);
	pthread_mutex_unlock(&shared->mutexes[2]);
	pthread_mutex_unlock(&shared->mutexes[1]);
	pthread_mutex_lock(&shared->mutexes[0]);
	pthread_mutex_lock(&shared->mutexes[1]);
	own_and_pause();
}

static void robust_mutexes_of_the_program_are_left_right(void **state)
{
	(void)state;
	pid_t pid;
	make_mutexes();
	process_slot *slot = start_owner(&pid, own_between_mutexes);
	kill(pid, SIGKILL);
	assert_int_equal(child_end(pid), -SIGKILL);
	assert_true(slot->life.word & LIFE_LEFT);
	assert_int_equal(pthread_mutex_lock(&shared->mutexes[0]), EOWNERDEAD);
	assert_int_equal(pthread_mutex_lock(&shared->mutexes[1]), EOWNERDEAD);
	assert_int_equal(pthread_mutex_lock(&shared->mutexes[2]), 0);
	for (int i = 0; i < MUTEXES; i++) {
		pthread_mutex_consistent(&shared->mutexes[i]);
		pthread_mutex_unlock(&shared->mutexes[i]);
	}
	table_release(slot);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_owner_is_registered_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wait_looks_at_the_word_and_the_deadline, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_change_ends_a_wait_for_a_living_peer, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_dead_peer_is_dead_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(a_death_ends_all_waits_for_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_process_outlives_the_thread_that_registered_it,
						setup, teardown),
		cmocka_unit_test_setup_teardown(robust_mutexes_of_the_program_are_left_right, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
