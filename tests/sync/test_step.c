/* SPDX-License-Identifier: MIT */

/*
 * Killed at any instruction: a process is single-stepped through one call and killed after the n-th
 * instruction that others can see, for n from none to all, as in tests/heap/test_step.c;
 * each time somebody waits for what it has. That one must go on, and everything be had.
 */

#include "support.h"

#include <sys/wait.h>

#include "../heap/step.h"
#include "heap/table.h"

typedef struct operation {
	const char *name;
	void *(*make)(void);
	void (*prepare)(void *object); /* in the process, before it is stepped */
	void (*run)(void *object);     /* stepped */
	void (*other)(void *object);   /* in the one that must go on */
	void (*destroy)(void *object);
} operation;

static void *make_lock(void)
{
	return brood_lock_new();
}

static void *make_rlock(void)
{
	return brood_rlock_new();
}

static void *make_semaphore(void)
{
	return brood_semaphore_new(1);
}

static void *make_condition(void)
{
	return brood_condition_new();
}

static void *make_event(void)
{
	return brood_event_new();
}

static void nothing(void *object)
{
	(void)object;
}

static void acquire(void *object)
{
	brood_must(brood_lock_acquire(object));
}

static void release(void *object)
{
	brood_must(brood_lock_release(object));
}

static void use_lock(void *object)
{
	brood_must(brood_lock_acquire(object));
	brood_must(brood_lock_release(object));
}

static void use_rlock(void *object)
{
	brood_must(brood_rlock_acquire(object));
	brood_must(brood_rlock_acquire(object));
	brood_must(brood_rlock_release(object));
	brood_must(brood_rlock_release(object));
}

static void use_semaphore(void *object)
{
	brood_must(brood_semaphore_acquire(object));
	brood_must(brood_semaphore_release(object));
}

static void notify(void *object)
{
	brood_must(brood_condition_acquire(object));
	brood_must(brood_condition_notify_all(object));
	brood_must(brood_condition_release(object));
}

static void wait_a_little(void *object)
{
	brood_must(brood_condition_acquire(object));
	brood_condition_wait_timed(object, 0.001);
	brood_must(brood_condition_release(object));
}

static void pulse(void *object)
{
	brood_must(brood_event_set(object));
	brood_must(brood_event_clear(object));
}

static void await_a_little(void *object)
{
	brood_event_wait_timed(object, 0.001);
}

static void free_lock(void *object)
{
	brood_lock_free(object);
}

static void free_rlock(void *object)
{
	brood_rlock_free(object);
}

static void free_semaphore(void *object)
{
	assert_int_equal(brood_semaphore_value(object), 1);
	brood_semaphore_free(object);
}

static void free_condition(void *object)
{
	assert_non_null(strstr(brood_condition_repr(object), "<Condition(<RLock(None, 0)>, 0)>"));
	brood_condition_free(object);
}

static void free_event(void *object)
{
	brood_event_free(object);
}

static pid_t start_stepped(const operation *what, void *object, process_slot *slot)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		what->prepare(object);
		step_begin_here();
		what->run(object);
		step_end_here();
	}
	step_await(pid);
	return pid;
}

/* What the one that must go on is to do. */
typedef struct order {
	void (*run)(void *object);
	void *object;
	_Atomic uint32_t arrived;
} order;

static void *go_on(void *argument)
{
	order *o = argument;
	say(&o->arrived);
	o->run(o->object);
	return NULL;
}

static bool kill_after(const operation *what, int visible)
{
	void *object = what->make();
	process_slot *slot = table_reserve();
	pid_t pid = start_stepped(what, object, slot);
	bool more = true;
	for (int done = 0; more && done < visible;) {
		done += step_is_visible(pid);
		more = step_run(pid, PTRACE_SINGLESTEP);
	}
	pthread_t thread;
	order o = {.run = what->other, .object = object};
	pthread_create(&thread, NULL, go_on, &o);
	await(&o.arrived, 1);
	kill(pid, SIGKILL);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pthread_join(thread, NULL); /* which hangs, if it cannot go on */
	table_release(slot);
	what->other(object);
	what->destroy(object);
	return more;
}

static void calls_survive_a_kill_at_any_instruction(void **state)
{
	static const operation operations[] = {
		{"lock acquire", make_lock, nothing, acquire, use_lock, free_lock},
		{"lock release", make_lock, acquire, release, use_lock, free_lock},
		{"rlock", make_rlock, nothing, use_rlock, use_rlock, free_rlock},
		{"semaphore", make_semaphore, nothing, use_semaphore, use_semaphore,
		 free_semaphore},
		{"condition notify", make_condition, nothing, notify, wait_a_little,
		 free_condition},
		{"condition wait", make_condition, nothing, wait_a_little, notify, free_condition},
		{"event", make_event, nothing, pulse, await_a_little, free_event},
		{"event wait", make_event, nothing, await_a_little, pulse, free_event},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		int visible = 0;
		while (kill_after(&operations[i], visible))
			visible++;
		assert_true(visible >= 1);
		print_message("%s: %d\n", operations[i].name, visible);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(calls_survive_a_kill_at_any_instruction)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
