/* SPDX-License-Identifier: MIT */
/* The operations on a queue that test_step.c kills a process in, and what may be left of each. */

#include "step.h"

#include <errno.h>
#include <signal.h>

#include "brood/process.h"
#include "heap/life.h"
#include "heap/table.h"

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

brood_queue *q;
struct notes *notes;

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

void operation_look(const operation *what, found *ret)
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

const operation operations[] = {
	{"put inline", make_numbers, nothing, put_number_3, one_more_or_not, next_number},
	{"put a block", make_jobs, nothing, put_job_3, one_more_or_not, next_job},
	{"commit", make_images, reserve_image, commit_image, one_more_or_not, next_image},
	{"put and grow", make_full_ring, nothing, put_number_more, grown_or_not, next_number},
	{"get inline", make_numbers, nothing, get_number, one_less_or_not, next_number},
	{"get inline as a block", make_numbers, nothing, get_number_as_block, one_less_or_not,
	 next_number},
	{"get a block", make_jobs, nothing, get_job, one_less_or_not, next_job},
	{"get a large one into", make_images, nothing, get_image, one_less_or_not, next_image},
	{"get across rings", make_two_rings, nothing, get_two_numbers, two_less_or_not,
	 next_number},
	{"get and finish", make_joinable, nothing, do_job, done_or_dropped, next_job},
	{"get and finish, redelivered", make_redelivering, nothing, do_job, done_or_returned,
	 next_job},
	{"get what was returned", make_left_redelivering, repair, do_job, done_or_returned,
	 next_job},
	{"repair slots", make_left, nothing, repair, left_is_settled, next_job},
	{"repair a joinable queue", make_left_joinable, nothing, repair, left_is_dropped, next_job},
	{"repair, redelivering", make_left_redelivering, nothing, repair, left_is_returned,
	 next_job},
	{"close", make_numbers, nothing, close_queue, nothing_changed, next_number},
	{"drain a closed queue", make_closed, nothing, drain, drained_in_part, next_number},
	{"free", make_jobs, nothing, free_queue, gone_or_not, next_job},
};
const int n_operations = sizeof(operations) / sizeof(operations[0]);
