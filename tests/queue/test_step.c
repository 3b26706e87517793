/* SPDX-License-Identifier: MIT */

/*
 * Killed at any instruction: a child is single-stepped through one operation, which
 * gives its path; then, for the n-th instruction of it, another child runs to there, by a
 * breakpoint, and is killed. Its messages are accounted for, and the queue must be of use, and
 * leave nothing.
 *
 * By default it is every 7th instruction, beginning elsewhere in each run; QUEUE_STEP=1 in the
 * environment takes all.
 */

#include "../heap/support.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "brood/process.h"
#include "../heap/step.h"
#include "heap/life.h"
#include "heap/table.h"
#include "queue/queue.h"

enum {
	STEP = 7,
	FULL_RING = 256,
	DRAINED_MAX = FULL_RING + 8,
	PATH_MAX_STEPS = 100000,
	ROUNDS_MAX = 8, /* an instruction in a loop is taken so many times */
};

typedef struct {
	int id;
	const char *text;
} job;
BROOD_TYPE(job, id, text);

typedef struct {
	int id;
	char data[100000];
} image;
BROOD_TYPE(image, id, data);

static brood_queue *q;

/* What the child tells, in the heap. */
static struct notes {
	_Atomic bool finishing; /* task_done was called, */
	_Atomic bool finished;	/* and has returned */
} * notes;

/* What was found after the kill. */
typedef struct found {
	int id[DRAINED_MAX];
	int count;
	brood_queue_stats stats;
	bool ended; /* the child came to its end */
} found;

typedef struct operation {
	const char *name;
	void (*make)(void);    /* in the parent */
	void (*prepare)(void); /* in the child, not stepped */
	void (*run)(void);
	bool (*check)(const found *is);
	bool (*next)(int *ret_id); /* takes a message */
} operation;

static void nothing(void) {}

static bool next_number(int *ret_id)
{
	return brood_get_into_nowait(q, int, ret_id) == 1;
}

static bool next_job(int *ret_id)
{
	job *j = brood_get_nowait(q, job);
	if (!j)
		return false;
	assert_string_equal(j->text, "some text");
	*ret_id = j->id;
	if (q->joinable)
		assert_int_equal(brood_queue_task_done_of(q, j), 0);
	brood_free(j);
	return true;
}

static bool next_image(int *ret_id)
{
	image *i = brood_get_nowait(q, image);
	if (!i)
		return false;
	*ret_id = i->id;
	brood_free(i);
	return true;
}

static void put_number(int id)
{
	assert_int_equal(brood_put(q, int, id), 0);
}

static void put_job(int id)
{
	assert_int_equal(brood_put(q, job, id, "some text"), 0);
}

static void make_numbers(void)
{
	q = brood_queue_of(int, .max = 4);
	put_number(1);
	put_number(2);
}

static void make_jobs(void)
{
	q = brood_queue_new(.max = 4);
	put_job(1);
	put_job(2);
}

static void make_joinable(void)
{
	q = brood_queue_new(.max = 4, .joinable = true);
	put_job(1);
	put_job(2);
}

static void make_redelivering(void)
{
	q = brood_queue_new(.max = 4, .redeliver = true);
	put_job(1);
	put_job(2);
}

static void make_images(void)
{
	q = brood_queue_new();
	for (int id = 1; id <= 2; id++) {
		image *i = brood_reserve(q, image);
		i->id = id;
		assert_int_equal(brood_commit(q, i), 0);
	}
}

static void make_full_ring(void)
{
	q = brood_queue_new();
	for (int id = 1; id <= FULL_RING; id++)
		put_number(id);
}

/* The first ring is full, and there is a message in a second. */
static void make_two_rings(void)
{
	int id;
	make_full_ring();
	put_number(FULL_RING + 1);
	for (int i = 1; i < FULL_RING; i++)
		brood_get_into(q, int, &id);
}

static void make_closed(void)
{
	make_numbers();
	brood_queue_close(q);
}

/* Runs what leaves something of a dead process. */
static void let_die(void (*leave)(void))
{
	process_slot *slot = table_reserve();
	pid_t pid = fork();
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		leave();
		_exit(0);
	}
	assert_int_equal(child_end(pid), 0);
	table_release(slot);
}

static void leave_taking(void)
{
	ring_take(atomic_load(&q->get_ring), 0, life_owner());
}

static void leave_writing(void)
{
	uint64_t pos;
	ring_claim(atomic_load(&q->put_ring), life_owner(), 4, &pos);
}

static void leave_taken(void)
{
	brood_get(q, job);
}

static void make_left(void)
{
	make_jobs();
	let_die(leave_taking);
	let_die(leave_writing);
}

static void make_left_joinable(void)
{
	make_joinable();
	let_die(leave_taken);
}

static void make_left_redelivering(void)
{
	make_redelivering();
	let_die(leave_taken);
}

static void put_number_3(void)
{
	brood_put(q, int, 3);
}

static void put_job_3(void)
{
	brood_put(q, job, 3, "some text");
}

static image *prepared;

static void reserve_image(void)
{
	prepared = brood_reserve(q, image);
	prepared->id = 3;
}

static void commit_image(void)
{
	brood_commit(q, prepared);
}

static void put_number_more(void)
{
	brood_put(q, int, FULL_RING + 1);
}

static void get_number(void)
{
	int id;
	brood_get_into(q, int, &id);
}

static void get_two_numbers(void)
{
	get_number();
	get_number();
}

static void get_number_as_block(void)
{
	brood_get(q, int);
}

static void get_job(void)
{
	brood_get(q, job);
}

static void get_image(void)
{
	static image i;
	brood_get_into(q, image, &i);
}

static void do_job(void)
{
	job *j = brood_get(q, job);
	notes->finishing = true;
	brood_queue_task_done(q);
	notes->finished = true;
	brood_free(j);
}

static void repair(void)
{
	brood_queue_stats is;
	brood_queue_stats_get(q, &is);
}

static void close_queue(void)
{
	brood_queue_close(q);
}

static void drain(void)
{
	int id;
	while (brood_get_into_nowait(q, int, &id) == 1)
		;
}

static void free_queue(void)
{
	brood_queue_free(q);
}

/* Whether the messages from first to last were found, and no others. */
static bool has(const found *is, int first, int last)
{
	if (is->count != last - first + 1)
		return false;
	for (int i = 0; i < is->count; i++)
		if (is->id[i] != first + i)
			return false;
	return true;
}

static bool one_more_or_not(const found *is)
{
	return is->stats.dropped == 0 && (has(is, 1, 3) || (!is->ended && has(is, 1, 2)));
}

static bool grown_or_not(const found *is)
{
	return is->stats.dropped == 0 &&
	       (has(is, 1, FULL_RING + 1) || (!is->ended && has(is, 1, FULL_RING)));
}

/* It was there, or was dropped and counted, or the child had it. */
static bool one_less_or_not(const found *is)
{
	return (has(is, 1, 2) && is->stats.dropped == 0 && !is->ended) ||
	       (has(is, 2, 2) && is->stats.dropped <= !is->ended);
}

static bool two_less_or_not(const found *is)
{
	int first = FULL_RING + 2 - is->count;
	return has(is, first, FULL_RING + 1) && is->stats.dropped <= 1 &&
	       (!is->ended || is->count == 0);
}

static bool done_or_dropped(const found *is)
{
	return (has(is, 1, 2) && is->stats.dropped == 0 && !notes->finishing) ||
	       (has(is, 2, 2) && is->stats.dropped == !notes->finished) ||
	       (has(is, 2, 2) && is->stats.dropped == 0 && notes->finishing);
}

static bool done_or_returned(const found *is)
{
	return is->stats.dropped == 0 &&
	       ((has(is, 1, 2) && !notes->finished) || (has(is, 2, 2) && notes->finishing));
}

static bool left_is_settled(const found *is)
{
	return has(is, 2, 2) && is->stats.dropped == 1 && is->stats.abandoned >= 1;
}

static bool left_is_dropped(const found *is)
{
	return has(is, 2, 2) && is->stats.dropped == 1;
}

static bool left_is_returned(const found *is)
{
	return has(is, 1, 2) && is->stats.dropped == 0;
}

static bool nothing_changed(const found *is)
{
	return has(is, 1, 2) && is->stats.dropped == 0;
}

static bool drained_in_part(const found *is)
{
	return is->count <= 2 && has(is, 3 - is->count, 2) && is->stats.dropped <= 1;
}

static bool gone_or_not(const found *is)
{
	(void)is;
	return true;
}

#ifdef __x86_64__
#define PLACE_OFFSET offsetof(struct user_regs_struct, rip)

static long place_of(pid_t pid)
{
	return ptrace(PTRACE_PEEKUSER, pid, PLACE_OFFSET, NULL);
}

static void poke(pid_t pid, long place, long code)
{
	assert_int_equal(ptrace(PTRACE_POKETEXT, pid, place, code), 0);
}

/* Runs the child until it is at the place for so many times. False when it came to its end. */
static bool run_to(pid_t pid, long place, int times)
{
	long code = ptrace(PTRACE_PEEKTEXT, pid, place, NULL);
	if (place_of(pid) == place && --times == 0)
		return true;
	for (;;) {
		poke(pid, place, code);
		if (place_of(pid) == place && !step_run(pid, PTRACE_SINGLESTEP))
			return false;
		poke(pid, place, (code & ~0xffL) | 0xcc);
		if (!step_run(pid, PTRACE_CONT))
			return false;
		ptrace(PTRACE_POKEUSER, pid, PLACE_OFFSET, place);
		if (--times == 0)
			return true;
	}
}
#else
static long place_of(pid_t pid)
{
	(void)pid;
	skip();
	return 0;
}

static bool run_to(pid_t pid, long place, int times)
{
	(void)pid, (void)place, (void)times;
	return false;
}
#endif

static pid_t start(const operation *what, process_slot *slot)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		table_move(table_place_of(slot), true);
		what->prepare();
		step_begin_here();
		what->run();
		step_end_here();
	}
	step_await(pid);
	return pid;
}

static long path[PATH_MAX_STEPS];

/* Steps through the whole operation once. Returns how many instructions it has. */
static int find_path(const operation *what)
{
	process_slot *slot = table_reserve();
	pid_t pid = start(what, slot);
	int count = 0;
	do {
		assert_true(count < PATH_MAX_STEPS);
		long place = place_of(pid);
		/* A repeated string instruction stops at each turn. */
		if (count == 0 || path[count - 1] != place)
			path[count++] = place;
	} while (step_run(pid, PTRACE_SINGLESTEP));
	kill(pid, SIGKILL);
	child_end(pid);
	table_release(slot);
	return count;
}

static int times_until(int at)
{
	int times = 0;
	for (int i = 0; i <= at; i++)
		times += path[i] == path[at];
	return times;
}

/* Kills the child before the instruction of this number on the path. Returns whether it was
 * reached: paths differ when the heap looks elsewhere for a block. */
static bool kill_at(const operation *what, int at)
{
	process_slot *slot = table_reserve();
	assert_non_null(slot);
	pid_t pid = start(what, slot);
	bool reached = run_to(pid, path[at], times_until(at));
	kill(pid, SIGKILL);
	assert_int_equal(child_end(pid), -SIGKILL);
	/* Half of the time the queue is met before the dead one is swept. */
	if (at % 2)
		brood_queue_size(q);
	table_release(slot);
	return reached;
}

/* Takes what is left, and tries whether the queue goes on. */
static void look(const operation *what, found *ret)
{
	int id;
	brood_queue_stats_get(q, &ret->stats);
	while (ret->count < DRAINED_MAX && what->next(&id))
		ret->id[ret->count++] = id;
	if (q->joinable)
		assert_int_equal(brood_queue_join_timed(q, 10), 0);
	if (brood_queue_is_closed(q)) {
		assert_int_equal(brood_put_nowait(q, int, 9), -EPIPE);
		return;
	}
	for (int i = 0; i < 6 && what->next != next_image; i++) {
		if (what->next == next_job)
			put_job(i);
		else
			put_number(i);
		assert_true(what->next(&id));
		assert_int_equal(id, i);
	}
}

static void settle(const operation *what, bool ended, const char *when)
{
	found is = {.ended = ended};
	if (heap_block_of(q)) {
		look(what, &is);
		assert_int_equal(brood_queue_free(q), 0);
	}
	if (!what->check(&is)) {
		for (int i = 0; i < is.count; i++)
			print_error("%d ", is.id[i]);
		fail_msg("%s, %s: %d messages, %zu dropped", what->name, when, is.count,
			 is.stats.dropped);
	}
	brood_heap_stats heap = stats_now();
	if (heap.blocks != 1 || brood_heap_check(stderr))
		fail_msg("%s, %s: %zu blocks left", what->name, when, heap.blocks - 1);
}

static void make(const operation *what)
{
	what->make();
	assert_non_null(q);
	notes->finishing = notes->finished = false;
}

static void kill_throughout(const operation *what)
{
	const char *wanted = getenv("QUEUE_STEP");
	int stride = wanted ? atoi(wanted) : STEP;
	int kills = 0;
	make(what);
	int count = find_path(what);
	settle(what, true, "not killed");
	for (int at = stride > 1 ? (int)(time(NULL) % stride) : 0; at < count; at += stride) {
		char when[64];
		if (times_until(at) > ROUNDS_MAX)
			continue;
		snprintf(when, sizeof(when), "killed before instruction %d", at);
		make(what);
		bool reached = kill_at(what, at);
		kills += reached;
		settle(what, !reached, when);
	}
	assert_true(kills > 3);
	print_message("%s: %d instructions, %d kills\n", what->name, count, kills);
}

static void messages_survive_a_kill_at_any_instruction(void **state)
{
	static const operation operations[] = {
		{"put inline", make_numbers, nothing, put_number_3, one_more_or_not, next_number},
		{"put a block", make_jobs, nothing, put_job_3, one_more_or_not, next_job},
		{"commit", make_images, reserve_image, commit_image, one_more_or_not, next_image},
		{"put and grow", make_full_ring, nothing, put_number_more, grown_or_not,
		 next_number},
		{"get inline", make_numbers, nothing, get_number, one_less_or_not, next_number},
		{"get inline as a block", make_numbers, nothing, get_number_as_block,
		 one_less_or_not, next_number},
		{"get a block", make_jobs, nothing, get_job, one_less_or_not, next_job},
		{"get a large one into", make_images, nothing, get_image, one_less_or_not,
		 next_image},
		{"get across rings", make_two_rings, nothing, get_two_numbers, two_less_or_not,
		 next_number},
		{"get and finish", make_joinable, nothing, do_job, done_or_dropped, next_job},
		{"get and finish, redelivered", make_redelivering, nothing, do_job,
		 done_or_returned, next_job},
		{"get what was returned", make_left_redelivering, repair, do_job, done_or_returned,
		 next_job},
		{"repair slots", make_left, nothing, repair, left_is_settled, next_job},
		{"repair a joinable queue", make_left_joinable, nothing, repair, left_is_dropped,
		 next_job},
		{"repair, redelivering", make_left_redelivering, nothing, repair, left_is_returned,
		 next_job},
		{"close", make_numbers, nothing, close_queue, nothing_changed, next_number},
		{"drain a closed queue", make_closed, nothing, drain, drained_in_part, next_number},
		{"free", make_jobs, nothing, free_queue, gone_or_not, next_job},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		kill_throughout(&operations[i]);
}

static int begin(void **state)
{
	(void)state;
	notes = brood_calloc(1, sizeof(*notes));
	return notes ? 0 : -1;
}

static int end(void **state)
{
	brood_free(notes);
	return heap_is_empty(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_survive_a_kill_at_any_instruction, begin,
						end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
