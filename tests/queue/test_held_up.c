/* SPDX-License-Identifier: MIT */

/* What one process holds up, stopped or dead, while it writes or takes one message; and who is
 * told when it goes on. */

#include "../process/harness.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "heap/life.h"
#include "queue/queue.h"

enum { MANY = 200000 }; /* some rings of an unbounded queue */

typedef struct {
	int number;
} small;
BROOD_TYPE(small, number);

/* Stays where brood_get() is when it has claimed the first message. */
static void take_and_stay(void *arg)
{
	ring *r = ((brood_queue *)arg)->get_ring;
	note(ring_take(r, ring_count_head(r), life_owner()));
	pause();
}

/* And where brood_put() is when it has claimed the end. */
static void write_and_stay(void *arg)
{
	brood_queue *q = arg;
	uint64_t pos;
	note(ring_claim(q->put_ring, life_owner(), q->most, &pos) == RING_CLAIMED);
	pause();
}

static brood_process *start(void (*target)(void *), brood_queue *q)
{
	int before = noted->count;
	brood_process *p = brood_start(.target = target, .args = BROOD_VALUE(q));
	while (noted->count == before)
		brood_sleep(0.001);
	assert_int_equal(noted->value[before], 1);
	return p;
}

static void end(brood_process *p)
{
	brood_process_kill(p);
	brood_process_join(p);
	brood_process_free(p);
}

static void put_numbers(brood_queue *q, int from, int to)
{
	for (int i = from; i < to; i++)
		assert_int_equal(brood_put(q, int, i), 0);
}

static void get_numbers(brood_queue *q, int from, int to)
{
	for (int i = from; i < to; i++) {
		int got = -1;
		assert_int_equal(brood_get_into_nowait(q, int, &got), 1);
		assert_int_equal(got, i);
	}
}

static bool is_ready(brood_queue *q)
{
	brood_waitable things[] = {BROOD_WAITABLE(q)};
	return brood_wait_nowait(things, 1) == 1;
}

/* Walking past all that was taken each time would take hours here. */
static void a_stopped_taker_holds_up_its_own_message(void **state)
{
	(void)state;
	int got;
	brood_queue *q = brood_queue_of(int);
	put_numbers(q, 0, MANY);
	brood_process *p = start(take_and_stay, q);
	assert_int_equal(brood_queue_size(q), MANY - 1);
	get_numbers(q, 1, MANY);
	assert_int_equal(brood_get_into_nowait(q, int, &got), -ETIMEDOUT);
	assert_int_equal(brood_queue_size(q), 0);
	assert_false(is_ready(q));
	put_numbers(q, 0, 100);
	get_numbers(q, 0, 100);
	end(p);
	assert_int_equal(brood_get_into_nowait(q, int, &got), -ETIMEDOUT);
	assert_int_equal(brood_queue_size(q), 0);
	brood_queue_free(q);
}

static void a_stopped_writer_holds_up_nothing(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_of(int);
	brood_process *p = start(write_and_stay, q);
	assert_true(brood_queue_empty(q));
	assert_false(is_ready(q));
	put_numbers(q, 0, MANY);
	assert_true(is_ready(q));
	get_numbers(q, 0, MANY);
	end(p);
	assert_true(brood_queue_empty(q));
	brood_queue_free(q);
}

/* The first who gets past a dead one's slot clears it away. */
static void the_dead_are_cleared_away_at_once(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_of(int);
	put_numbers(q, 0, 3);
	end(start(take_and_stay, q));
	get_numbers(q, 1, 2);
	assert_int_equal(q->dropped, 1);
	end(start(write_and_stay, q));
	put_numbers(q, 3, 4);
	get_numbers(q, 2, 4);
	assert_int_equal(q->abandoned, 1);
	brood_queue_free(q);
}

static void a_dead_writer_leaves_room(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_of(int, .max = 1);
	brood_process *p = start(write_and_stay, q);
	assert_true(brood_queue_full(q));
	end(p);
	assert_false(brood_queue_full(q));
	assert_int_equal(brood_put_nowait(q, int, 1), 0);
	assert_true(brood_queue_full(q));
	brood_queue_free(q);
}

static void get_and_stay(void *arg)
{
	small got;
	note(brood_get_into((brood_queue *)arg, small, &got) == 1);
	pause();
}

static void get_and_finish(void *arg)
{
	small got;
	note(brood_get_into((brood_queue *)arg, small, &got) == 1);
	while (!noted->stage)
		brood_sleep(0.001);
	brood_queue_task_done(arg);
}

static void what_a_dead_taker_had_is_seen_at_once(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.redeliver = true);
	brood_put(q, small, 7);
	brood_process *p = start(get_and_stay, q);
	assert_int_equal(brood_queue_size(q), 0);
	assert_true(brood_queue_empty(q));
	end(p);
	assert_int_equal(brood_queue_size(q), 1);
	small got;
	assert_int_equal(brood_get_into_nowait(q, small, &got), 1);
	assert_int_equal(got.number, 7);
	brood_queue_task_done(q);
	brood_queue_free(q);
}

/* Nobody can know that a closed queue is drained before the last that was taken is finished. */
static void the_end_of_a_closed_queue_is_told(void **state)
{
	(void)state;
	small got;
	brood_queue *q = brood_queue_new(.redeliver = true);
	brood_put(q, small, 7);
	struct pollfd wait_for = {.fd = brood_queue_fd(q), .events = POLLIN};
	brood_process *p = start(get_and_finish, q);
	brood_queue_close(q);
	assert_int_equal(brood_get_into_nowait(q, small, &got), -ETIMEDOUT);
	assert_int_equal(poll(&wait_for, 1, 0), 0);
	assert_false(is_ready(q));
	noted->stage = 1;
	do
		assert_int_equal(poll(&wait_for, 1, -1), 1);
	while (brood_get_into_nowait(q, small, &got) == -ETIMEDOUT);
	assert_int_equal(brood_get_into_nowait(q, small, &got), -EPIPE);
	brood_process_join(p);
	brood_process_free(p);
	brood_queue_free(q);
}

static void a_pointer_to_nothing_is_named(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_of(small);
	assert_int_equal(brood_put_value(q, BROOD_POINTED(small, (small *)NULL)), -EINVAL);
	assert_non_null(strstr(brood_error(), "pointer"));
	brood_queue_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stopped_taker_holds_up_its_own_message),
		TEST(a_stopped_writer_holds_up_nothing),
		TEST(the_dead_are_cleared_away_at_once),
		TEST(a_dead_writer_leaves_room),
		TEST(what_a_dead_taker_had_is_seen_at_once),
		TEST(the_end_of_a_closed_queue_is_told),
		TEST(a_pointer_to_nothing_is_named),
	};
	return HARNESS_RUN(tests);
}
