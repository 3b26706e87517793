/* SPDX-License-Identifier: MIT */
/* The process table, and what a sweep frees, object by object. */

#include "support.h"

#include <errno.h>
#include <signal.h>

#include "heap/account.h"
#include "heap/heap.h"
#include "heap/table.h"

enum { MANY = 3000 };

static void the_root_has_a_slot(void **state)
{
	(void)state;
	process_slot *self = table_self();
	assert_non_null(self);
	assert_int_equal(atomic_load(&self->pid), getpid());
	assert_int_equal(atomic_load(&self->state), SLOT_RUNNING);
	assert_int_equal(atomic_load(&self->parent), 0);
	assert_false(table_dead(table_owner(self)));
	assert_false(table_dead(HEAP_OWNER_FAMILY));
}

static void a_slot_lives_with_its_process(void **state)
{
	(void)state;
	process_slot *slot = table_reserve();
	heap_owner owner = table_owner(slot);
	assert_int_equal(atomic_load(&slot->state), SLOT_RESERVED);
	assert_int_equal(atomic_load(&slot->parent), table_owner(table_self()));
	assert_false(table_dead(owner));
	pid_t pid = fork();
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		bool entered = table_self() == slot && atomic_load(&slot->pid) == getpid() &&
			       !table_dead(owner) && brood_alloc(100);
		table_publish(7);
		_exit(entered ? 0 : 1);
	}
	assert_int_equal(child_end(pid), 0);
	assert_true(table_dead(owner));
	assert_int_equal(atomic_load(&slot->published), 1);
	assert_int_equal(atomic_load(&slot->exit_code), 7);
	assert_int_equal(stats_now().blocks, 1);
	table_release(slot);
	assert_int_equal(stats_now().blocks, 0);
	assert_true(table_dead(owner));
	assert_int_not_equal(table_owner(slot), owner);
}

static void many_are_reserved_and_each_once(void **state)
{
	(void)state;
	static process_slot *slots[MANY];
	for (int i = 0; i < MANY; i++) {
		slots[i] = table_reserve();
		assert_non_null(slots[i]);
		assert_int_equal(slots[i]->name[0], 0);
		strcpy(slots[i]->name, "mine");
	}
	for (int i = 0; i < MANY; i++)
		table_release(slots[i]);
}

static void a_full_table_is_eagain(void **state)
{
	(void)state;
	static process_slot *slots[32768];
	int count = 0;
	while ((slots[count] = table_reserve()))
		count++;
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(count, 32767);
	table_release(slots[--count]);
	process_slot *again = table_reserve();
	assert_non_null(again);
	table_release(again);
	while (count > 0)
		table_release(slots[--count]);
}

/* A child that starts one of its own and dies, as does the grandchild; nobody releases that. */
static process_slot *orphan(bool entered)
{
	process_slot *slot = table_reserve();
	int ends[2];
	process_slot *grandchild = NULL;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		process_slot *own = table_reserve();
		pid_t second = entered ? fork() : 0;
		if (entered && second == 0) {
			table_move(table_place_of(own), true);
			brood_alloc(50);
			_exit(0);
		}
		if (second > 0)
			waitpid(second, NULL, 0);
		_exit(write(ends[1], &own, sizeof(own)) != sizeof(own));
	}
	assert_int_equal(child_end(pid), 0);
	assert_int_equal(read(ends[0], &grandchild, sizeof(grandchild)), sizeof(grandchild));
	close(ends[0]);
	close(ends[1]);
	table_release(slot);
	return grandchild;
}

static void collect_now(void)
{
	for (int i = 0; i < 1100; i++)
		table_release(table_reserve());
}

/* A program run anew that comes when its slot has been given up takes another, which goes with it.
 */
static void one_that_comes_late_is_collected(void **state)
{
	(void)state;
	process_slot *slot = table_reserve(), *other = NULL;
	table_place late = table_place_of(slot);
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	table_release(slot);
	pid_t pid = fork();
	if (pid == 0) {
		account_self.owner = 0; /* as after an exec */
		table_move(late, true);
		other = table_self();
		_exit(write(ends[1], &other, sizeof(other)) != sizeof(other));
	}
	assert_int_equal(child_end(pid), 0);
	assert_int_equal(read(ends[0], &other, sizeof(other)), sizeof(other));
	close(ends[0]);
	close(ends[1]);
	assert_non_null(other);
	assert_int_not_equal(atomic_load(&other->state), SLOT_FREE);
	table_collect();
	assert_int_equal(atomic_load(&other->state), SLOT_FREE);
}

static void what_dead_starters_leave_is_collected(void **state)
{
	(void)state;
	process_slot *ran = orphan(true), *never = orphan(false);
	heap_owner owner = table_owner(ran);
	assert_int_equal(stats_now().blocks, 1);
	assert_int_equal(atomic_load(&never->state), SLOT_RESERVED);
	heap_owner reserved = table_owner(never);
	collect_now();
	assert_int_not_equal(table_owner(ran), owner);
	assert_int_equal(stats_now().blocks, 0);
	/* Its process might only be slow to come, until the reservation is old. */
	assert_int_equal(table_owner(never), reserved);
	atomic_store(&never->started, 0);
	collect_now();
	assert_int_not_equal(table_owner(never), reserved);
}

/* daemon(3): the root ends, and its child goes on under its slot. */
static void a_program_in_the_background_is_the_root(void **state)
{
	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		process_slot *self = table_self();
		/* As if the root had been a process that has ended. */
		pid_t gone = fork();
		if (gone == 0)
			_exit(0);
		waitpid(gone, NULL, 0);
		atomic_store(&self->pid, gone);
		process_slot *slot = table_reserve();
		bool took = slot && table_self() == self && atomic_load(&self->pid) == getpid();
		table_release(slot);
		_exit(took ? 0 : 1);
	}
	assert_int_equal(child_end(pid), 0);
	atomic_store(&table_self()->pid, getpid());
}

static void objects_go_with_their_owner(void **state)
{
	(void)state;
	process_slot *slot = table_reserve();
	pid_t pid = fork();
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		void *outer = brood_alloc(500), *inner = brood_alloc(100000);
		for (int i = 0; i < 20; i++)
			heap_give(brood_alloc(40), heap_object(inner));
		heap_give(brood_alloc(70000), heap_object(outer));
		heap_give(inner, heap_object(outer));
		_exit(0);
	}
	assert_int_equal(child_end(pid), 0);
	assert_int_equal(stats_now().blocks, 23);
	assert_int_equal(brood_heap_check(stderr), 0);
	assert_int_equal(heap_sweep(table_owner(slot)), 23);
	assert_int_equal(heap_sweep(table_owner(slot)), 0);
	table_release(slot);
}

static void kept_and_adopted_blocks_stay(void **state)
{
	(void)state;
	void **shared = brood_calloc(2, sizeof(*shared));
	process_slot *slot = table_reserve();
	pid_t pid = fork();
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		shared[0] = brood_alloc(100);
		brood_keep(shared[0]);
		shared[1] = brood_alloc(100000);
		_exit(0);
	}
	assert_int_equal(child_end(pid), 0);
	assert_int_equal(brood_adopt(shared[1]), 0);
	table_release(slot);
	assert_int_equal(stats_now().blocks, 3);
	assert_int_equal(stats_now().owned, 2);
	brood_free(shared[0]);
	brood_free(shared[1]);
	brood_free(shared);
}

static void the_check_sees_what_is_wrong(void **state)
{
	(void)state;
	FILE *sink = fopen("/dev/null", "w");
	process_slot *self = table_self();
	void *block = brood_alloc(100);
	heap_owner gone = table_owner(self) + 1; /* a later generation */
	_Atomic uint64_t *account = &self->blocks;
	atomic_fetch_sub(account, 1);
	assert_int_equal(brood_heap_check(sink), 1);
	atomic_fetch_add(account, 1);
	assert_int_equal(brood_heap_check(sink), 0);
	atomic_fetch_add(&self->generation, 1);
	assert_int_equal(brood_heap_check(sink), 1);
	assert_int_equal(table_owner(self), gone);
	atomic_fetch_sub(&self->generation, 1);
	fclose(sink);
	brood_free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(the_root_has_a_slot, heap_is_empty),
		cmocka_unit_test_teardown(a_slot_lives_with_its_process, heap_is_empty),
		cmocka_unit_test_teardown(many_are_reserved_and_each_once, heap_is_empty),
		cmocka_unit_test_teardown(a_full_table_is_eagain, heap_is_empty),
		cmocka_unit_test_teardown(one_that_comes_late_is_collected, heap_is_empty),
		cmocka_unit_test_teardown(what_dead_starters_leave_is_collected, heap_is_empty),
		cmocka_unit_test_teardown(a_program_in_the_background_is_the_root, heap_is_empty),
		cmocka_unit_test_teardown(objects_go_with_their_owner, heap_is_empty),
		cmocka_unit_test_teardown(kept_and_adopted_blocks_stay, heap_is_empty),
		cmocka_unit_test_teardown(the_check_sees_what_is_wrong, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
