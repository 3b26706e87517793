/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <string.h>

static int numbers[] = {1, 2, 3};

/* What was not taken because of the fault is taken now, so that none is left. */
static void drain(brood_queue *queue)
{
	int *message;
	while ((message = brood_get_nowait(queue, int)))
		brood_free(message);
}

static brood_queue *some_queue(void)
{
	brood_queue *queue = brood_queue_new(.joinable = true);
	expect(queue);
	return queue;
}

static void made(void)
{
	brood_queue *queue = TRY_NEW(brood_queue_new(.max = 10));
	if (!queue)
		expect((queue = brood_queue_new(.max = 10)));
	expect(TRY(brood_queue_size(queue)) == 0);
	expect(TRY_ANY(brood_queue_empty(queue)));
	expect(!TRY_ANY(brood_queue_full(queue)));
	brood_queue_stats stats;
	expect(TRY(brood_queue_stats_get(queue, &stats)) == 0);
	TRY(brood_queue_fd(queue));
	expect(!TRY_ANY(brood_queue_is_closed(queue)));
	expect(TRY(brood_queue_close(queue)) == 0);
	expect(TRY(brood_queue_free(queue)) == 0);
}

static void put_and_get(void)
{
	brood_queue *queue = some_queue();
	brood_value value = BROOD_VALUE(numbers[1]);
	long count = TRY(brood_put_value(queue, value)) == 0;
	count += TRY(brood_put_value_timed(queue, value, 1)) == 0;
	count += TRY(brood_put_value_nowait(queue, value)) == 0;
	expect(brood_queue_size(queue) == count);
	expect(count == 3 || faulted());
	while (count < 3 && brood_put_value(queue, value) == 0)
		count++;
	int *message = TRY_NEW(brood_get_as(queue, &brood_type_int));
	expect(!message || *message == 2);
	brood_free(message);
	message = TRY_NEW(brood_get_as_timed(queue, &brood_type_int, 1));
	brood_free(message);
	message = TRY_NEW(brood_get_as_nowait(queue, &brood_type_int));
	brood_free(message);
	drain(queue);
	brood_queue_free(queue);
}

static void in_place(void)
{
	brood_queue *queue = some_queue();
	int out = 7;
	brood_put_many(queue, int, numbers, 3);
	int r = (int)TRY(brood_get_into_as(queue, &brood_type_int, &out));
	expect(out == (r < 0 ? 7 : 1));
	TRY(brood_get_into_as_timed(queue, &brood_type_int, &out, 1));
	TRY(brood_get_into_as_nowait(queue, &brood_type_int, &out));
	drain(queue);
	brood_queue_free(queue);
}

static void many(void)
{
	brood_queue *queue = some_queue();
	int out[3];
	void *messages[3];
	TRY(brood_put_many_as(queue, &brood_type_int, numbers, 3));
	TRY(brood_put_many_as_timed(queue, &brood_type_int, numbers, 3, 1));
	TRY(brood_put_many_as_nowait(queue, &brood_type_int, numbers, 3));
	expect(brood_put_many(queue, int, numbers, 3) == 3);
	expect(brood_put_many(queue, int, numbers, 3) == 3);
	TRY(brood_get_many_into_as(queue, &brood_type_int, out, 1));
	TRY(brood_get_many_into_as_timed(queue, &brood_type_int, out, 1, 1));
	TRY(brood_get_many_into_as_nowait(queue, &brood_type_int, out, 1));
	long n = (long)TRY(brood_get_many_as(queue, &brood_type_int, messages, 1));
	if (n == 1)
		brood_free(messages[0]);
	if (TRY(brood_get_many_as_timed(queue, &brood_type_int, messages, 1, 1)) == 1)
		brood_free(messages[0]);
	if (TRY(brood_get_many_as_nowait(queue, &brood_type_int, messages, 1)) == 1)
		brood_free(messages[0]);
	drain(queue);
	brood_queue_free(queue);
}

static void commit(brood_queue *queue, int how)
{
	int *place = TRY_NEW(brood_reserve_as(queue, &brood_type_int));
	if (!place)
		return;
	*place = 4;
	int r = how == 0   ? (int)TRY(brood_commit(queue, place))
		: how == 1 ? (int)TRY(brood_commit_timed(queue, place, 1))
			   : (int)TRY(brood_commit_nowait(queue, place));
	if (r < 0)
		expect(brood_commit(queue, place) == 0);
}

static void reserved(void)
{
	brood_queue *queue = some_queue();
	for (int how = 0; how < 3; how++)
		commit(queue, how);
	brood_bytes *bytes = TRY_NEW(brood_reserve_bytes(queue, 100));
	if (bytes)
		expect(brood_free(bytes) == 0);
	drain(queue);
	brood_queue_free(queue);
}

static void joined(void)
{
	brood_queue *queue = some_queue();
	expect(brood_put_many(queue, int, numbers, 2) == 2);
	int *message = brood_get(queue, int);
	expect(TRY(brood_queue_deliveries(queue, message)) >= 0);
	if (TRY(brood_queue_task_done_of(queue, message)) < 0)
		expect(brood_queue_task_done_of(queue, message) == 0);
	brood_free(message);
	brood_free(brood_get(queue, int));
	expect(TRY(brood_queue_join_nowait(queue)) < 0);
	expect(TRY(brood_queue_join_timed(queue, 0.001)) < 0);
	if (TRY(brood_queue_task_done(queue)) < 0)
		expect(brood_queue_task_done(queue) == 0);
	expect(TRY(brood_queue_join(queue)) == 0);
	brood_queue_free(queue);
}

static const operation table[] = {
	{.name = "queue new", .run = made},	    {.name = "queue put", .run = put_and_get},
	{.name = "queue into", .run = in_place},    {.name = "queue many", .run = many},
	{.name = "queue reserve", .run = reserved}, {.name = "queue join", .run = joined},
};
const operations queue_operations = OPERATIONS(table);
