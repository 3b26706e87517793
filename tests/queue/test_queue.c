/* SPDX-License-Identifier: MIT */
/* What a queue does while nobody is killed. */

#include "../process/harness.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	int id;
	const char *path;
} job;
BROOD_TYPE(job, id, path);

typedef struct {
	char data[65536];
} large;
BROOD_TYPE(large, data);

typedef struct {
	char tag; /* padding follows */
	double x;
	bool set;
} sample;
BROOD_TYPE(sample, tag, x, set);

static void put_and_get_every_kind(void **state)
{
	(void)state;
	brood_queue *q = brood_must(brood_queue_new());
	brood_queue *other = brood_must(brood_queue_new());
	int *number;
	job *j;
	char *text;

	assert_true(brood_queue_empty(q));
	assert_int_equal(brood_put(q, int, 42), 0);
	assert_int_equal(brood_put(q, job, .id = 3, .path = "a.txt"), 0);
	assert_int_equal(brood_put_value(q, BROOD_VALUE("short")), 0);
	assert_int_equal(
		brood_put_value(q, BROOD_VALUE("a text that is longer than fits in a slot")), 0);
	assert_int_equal(brood_put_value(q, BROOD_VALUE(other)), 0);
	assert_int_equal(brood_put_value(q, BROOD_SHARE(noted)), 0);
	assert_int_equal(brood_put_value(q, BROOD_NONE), 0);
	assert_int_equal(brood_put(q, sample, .tag = 'x', .x = 0.5, .set = true), 0);
	assert_int_equal(brood_queue_size(q), 8);

	number = brood_get(q, int);
	assert_int_equal(*number, 42);
	assert_string_equal(brood_type_name(number), "int");
	brood_free(number);
	j = brood_get(q, job);
	assert_int_equal(j->id, 3);
	assert_string_equal(j->path, "a.txt");
	brood_free(j);
	text = brood_get(q, brood_string);
	assert_string_equal(text, "short");
	brood_free(text);
	text = brood_get_as(q, NULL);
	assert_string_equal(text, "a text that is longer than fits in a slot");
	assert_string_equal(brood_type_name(text), "brood_string");
	brood_free(text);
	assert_ptr_equal(brood_get(q, brood_queue_handle), other);
	assert_ptr_equal(brood_get_as(q, NULL), noted);
	errno = 1;
	assert_null(brood_get(q, job));
	assert_int_equal(errno, 0);
	sample s = {0};
	assert_int_equal(brood_get_into(q, sample, &s), 1);
	assert_true(s.tag == 'x' && s.x == 0.5 && s.set);
	assert_true(brood_queue_empty(q));
	brood_queue_free(q);
	brood_queue_free(other);
}

static void a_message_of_another_type_stays(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new();
	int got = 7;
	brood_put(q, int, 1);
	assert_null(brood_get(q, job));
	assert_int_equal(errno, EBADMSG);
	assert_sentence("another type");
	assert_int_equal(brood_get_into(q, long, &(long){0}), -EBADMSG);
	assert_int_equal(brood_queue_size(q), 1);
	assert_int_equal(brood_get_into(q, int, &got), 1);
	assert_int_equal(got, 1);
	brood_queue_free(q);
}

static void a_typed_queue_refuses_others(void **state)
{
	(void)state;
	brood_queue *any = brood_queue_of(int);
	brood_queue *q = brood_queue_of(job, .max = 3);
	brood_queue_free(any);
	assert_int_equal(brood_put(q, int, 1), -EBADMSG);
	assert_sentence("'int'");
	assert_null(brood_reserve(q, int));
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(brood_put(q, job, .id = 1), 0);
	assert_int_equal(brood_put_value(q, BROOD_NONE), 0);
	job *j = brood_get(q, job);
	assert_int_equal(j->id, 1);
	brood_free(j);
	brood_queue_free(q);
}

static void a_bound_is_exact(void **state)
{
	(void)state;
	for (int max = 1; max <= 9; max++) {
		brood_queue *q = brood_queue_new(.max = (size_t)max);
		for (int round = 0; round < 5; round++) {
			for (int i = 0; i < max; i++) {
				assert_false(brood_queue_full(q));
				assert_int_equal(brood_put_nowait(q, int, i), 0);
			}
			assert_true(brood_queue_full(q));
			assert_int_equal(brood_put_nowait(q, int, 9), -ETIMEDOUT);
			assert_sentence("full");
			assert_int_equal(brood_put_timed(q, 0.01, int, 9), -ETIMEDOUT);
			for (int i = 0, got; i < max; i++) {
				assert_int_equal(brood_get_into_nowait(q, int, &got), 1);
				assert_int_equal(got, i);
			}
			assert_int_equal(brood_get_into_nowait(q, int, &(int){0}), -ETIMEDOUT);
			assert_sentence("empty");
		}
		brood_queue_free(q);
	}
}

static void an_unbounded_queue_grows_and_keeps_the_order(void **state)
{
	(void)state;
	enum { COUNT = 100000 };
	brood_queue *q = brood_queue_new();
	int got, next = 0, put = 0;
	while (put < COUNT) {
		for (int i = 0; i < 300; i++)
			assert_int_equal(brood_put(q, int, put++), 0);
		for (int i = 0; i < 100; i++, next++) {
			assert_int_equal(brood_get_into(q, int, &got), 1);
			assert_int_equal(got, next);
		}
	}
	assert_int_equal(brood_queue_size(q), put - next);
	for (; next < put; next++) {
		assert_int_equal(brood_get_into(q, int, &got), 1);
		assert_int_equal(got, next);
	}
	assert_true(brood_queue_empty(q));
	brood_queue_free(q);
}

static void many_at_once(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.max = 10);
	const int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
	int got[12];
	assert_int_equal(brood_put_many_nowait(q, int, numbers, 12), 10);
	assert_int_equal(brood_put_many_nowait(q, int, numbers, 12), -ETIMEDOUT);
	assert_int_equal(brood_get_many_into(q, int, got, 4), 4);
	assert_int_equal(brood_put_many_timed(q, int, &numbers[10], 2, 1.0), 2);
	assert_int_equal(brood_get_many_into_timed(q, int, &got[4], 12, 1.0), 8);
	assert_memory_equal(got, numbers, sizeof(numbers));
	assert_int_equal(brood_get_many_into_nowait(q, int, got, 12), -ETIMEDOUT);

	const job jobs[] = {{1, "one"}, {2, "two"}};
	job *j[3];
	assert_int_equal(brood_put_many(q, job, jobs, 2), 2);
	brood_put_value(q, BROOD_NONE);
	assert_int_equal(brood_get_many(q, job, j, 3), 2);
	assert_string_equal(j[1]->path, "two");
	brood_free(j[0]);
	brood_free(j[1]);
	assert_int_equal(brood_get_many(q, job, j, 3), 0);
	brood_queue_free(q);
}

static void written_in_place(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(), *next = brood_queue_new(.max = 1);
	large *image = brood_reserve(q, large);
	memset(image->data, 7, sizeof(image->data));
	assert_int_equal(brood_commit(q, image), 0);
	large *got = brood_get(q, large);
	assert_ptr_equal(got, image);
	assert_int_equal(brood_commit(next, got), 0);
	brood_bytes *bytes = brood_reserve_bytes(next, 1000);
	assert_int_equal(bytes->size, 1000);
	memcpy(bytes->data, "hello", 6);
	assert_int_equal(brood_commit_nowait(next, bytes), -ETIMEDOUT);
	assert_ptr_equal(brood_get(next, large), image);
	assert_int_equal(brood_commit_timed(next, bytes, 1.0), 0);
	assert_ptr_equal(brood_get(next, brood_bytes), bytes);
	assert_string_equal(bytes->data, "hello");
	brood_free(bytes);
	brood_free(image);
	assert_int_equal(brood_commit(q, NULL), -EINVAL);
	assert_int_equal(brood_commit(q, noted), -EINVAL);
	image = brood_reserve(q, large);
	assert_int_equal(brood_commit(q, image), 0);
	assert_int_equal(brood_commit(q, image), -EINVAL);
	assert_sentence("committed already");
	assert_int_equal(brood_queue_size(q), 1);
	assert_int_equal(brood_commit(next, brood_get(q, large)), 0);
	assert_int_equal(brood_keep(brood_get(next, large)), 0);
	assert_int_equal(brood_commit(q, image), 0);
	brood_queue *careful = brood_queue_new(.redeliver = true);
	assert_int_equal(brood_commit(careful, brood_get(q, large)), 0);
	assert_ptr_equal(brood_get(careful, large), image);
	assert_int_equal(brood_commit(q, image), -EINVAL);
	assert_int_equal(brood_queue_task_done(careful), 0);
	assert_int_equal(brood_commit(q, image), 0);
	brood_queue_free(careful);
	assert_null(brood_reserve(q, job));
	assert_int_equal(errno, EINVAL);
	brood_queue_free(q);
	brood_queue_free(next);
}

static void freeing_a_queue_frees_its_messages(void **state)
{
	(void)state;
	static const large big;
	brood_queue *q = brood_queue_new(.joinable = true);
	for (int i = 0; i < 1000; i++)
		brood_put(q, job, .id = i, .path = "somewhere");
	brood_put_value(q, BROOD_POINTED(large, &big));
	brood_free(brood_get(q, job));
	assert_int_equal(brood_queue_free(q), 0);
	assert_int_equal(brood_queue_free(NULL), 0);
}

static void wrong_calls_are_told(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new();
	int number;
	assert_int_equal(brood_put(NULL, int, 1), -EINVAL);
	assert_int_equal(brood_queue_size((brood_queue *)(void *)noted), -EINVAL);
	assert_sentence("no queue");
	assert_int_equal(brood_queue_size((brood_queue *)(void *)&number), -EINVAL);
	assert_null(brood_get(NULL, int));
	assert_int_equal(errno, EINVAL);
	assert_int_equal(brood_put_value(q, BROOD_BORROW(&number)), -EINVAL);
	assert_sentence("borrowed");
	assert_int_equal(brood_put_value(q, BROOD_POINTED(job, NULL)), -EINVAL);
	assert_int_equal(brood_put_timed(q, (double)NAN, int, 1), -EINVAL);
	assert_int_equal(brood_get_into(q, job, &(job){0}), -EINVAL);
	assert_int_equal(brood_queue_task_done(q), -EINVAL);
	assert_sentence("joinable");
	assert_int_equal(brood_queue_join(q), -EINVAL);
	assert_null(brood_queue_new(.max = (size_t)1 << 40));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_queue_new(.max_deliveries = 3));
	assert_int_equal(brood_queue_stats_get(q, NULL), -EINVAL);
	brood_queue_free(q);
	brood_queue_options older = {.size = sizeof(older.size)};
	brood_queue_options newer = {.size = sizeof(newer) + 8};
	assert_null(brood_queue_new_with(NULL));
	assert_null(brood_queue_new_with(&newer));
	assert_sentence("use brood_queue_new()");
	newer.size = offsetof(brood_queue_options, type) + 1; /* half a member */
	assert_null(brood_queue_new_with(&newer));
	assert_non_null(q = brood_queue_new_with(&older));
	brood_queue_free(q);
}

static void what_is_queued_survives_closing(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new();
	int got;
	for (int i = 0; i < 3; i++)
		brood_put(q, int, i);
	assert_false(brood_queue_is_closed(q));
	assert_int_equal(brood_queue_close(q), 0);
	assert_int_equal(brood_queue_close(q), 0);
	assert_true(brood_queue_is_closed(q));
	assert_int_equal(brood_put(q, int, 3), -EPIPE);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(brood_get_into(q, int, &got), 1);
		assert_int_equal(got, i);
	}
	assert_int_equal(brood_get_into(q, int, &got), -EPIPE);
	assert_null(brood_get(q, int));
	assert_int_equal(errno, EPIPE);
	assert_int_equal(brood_put_many(q, int, &got, 1), -EPIPE);
	brood_queue_free(q);
}

static void get_until_closed(void *arg)
{
	brood_queue *q = arg;
	int got;
	while (brood_get_into(q, int, &got) == 1)
		note(got);
	note(errno);
}

static void put_until_closed(void *arg)
{
	int r;
	while ((r = brood_put((brood_queue *)arg, int, 1)) == 0)
		;
	note(-r);
}

static void closing_wakes_those_who_wait(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.max = 1), *full = brood_queue_new(.max = 1);
	brood_process *getter = brood_start(.target = get_until_closed, .args = BROOD_VALUE(q));
	brood_process *putter = brood_start(.target = put_until_closed, .args = BROOD_VALUE(full));
	brood_put(q, int, 5);
	while (!brood_queue_full(full) || !brood_queue_empty(q))
		brood_sleep(0.001);
	brood_queue_close(q);
	brood_queue_close(full);
	assert_int_equal(brood_process_join(getter), 0);
	assert_int_equal(brood_process_join(putter), 0);
	assert_int_equal(noted->count, 3);
	assert_int_equal(noted->value[0] + noted->value[1] + noted->value[2], 5 + 2 * EPIPE);
	brood_process_free(getter);
	brood_process_free(putter);
	brood_queue_free(q);
	brood_queue_free(full);
}

static void unfinished_messages_are_waited_for(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.joinable = true);
	int got;
	assert_int_equal(brood_queue_join(q), 0);
	assert_int_equal(brood_queue_task_done(q), -EINVAL);
	for (int i = 0; i < 100; i++)
		brood_put(q, int, i);
	brood_put_value(q, BROOD_NONE);
	assert_int_equal(brood_queue_join_nowait(q), -ETIMEDOUT);
	for (int i = 0; i < 100; i++)
		assert_int_equal(brood_get_into(q, int, &got), 1);
	assert_null(brood_get(q, int));
	assert_int_equal(brood_queue_deliveries(q, NULL), 1);
	for (int i = 0; i < 101; i++) {
		assert_int_equal(brood_queue_join_timed(q, 0), -ETIMEDOUT);
		assert_int_equal(brood_queue_task_done(q), 0);
	}
	assert_int_equal(brood_queue_join(q), 0);
	assert_int_equal(brood_queue_task_done(q), -EINVAL);
	brood_queue_free(q);
}

static void finish_all(void *arg)
{
	brood_queue *q = arg;
	job *j;
	while ((j = brood_get(q, job))) {
		brood_free(j);
		brood_queue_task_done(q);
	}
}

static void join_waits_for_other_processes(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.joinable = true);
	brood_process *p[3];
	for (int i = 0; i < 3; i++)
		p[i] = brood_start(.target = finish_all, .args = BROOD_VALUE(q));
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < 50; i++)
			brood_put(q, job, .id = i, .path = "x");
		assert_int_equal(brood_queue_join(q), 0);
		brood_queue_stats is;
		brood_queue_stats_get(q, &is);
		assert_int_equal(is.queued + is.unfinished, 0);
	}
	brood_queue_close(q);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(brood_process_join(p[i]), 0);
		brood_process_free(p[i]);
	}
	brood_queue_free(q);
}

typedef struct {
	brood_queue *from, *ready;
} station;
BROOD_TYPE(station, from, ready);

static void get_one_and_stay(void *arg)
{
	const station *s = arg;
	brood_must(brood_get(s->from, int));
	brood_must(brood_put(s->ready, int, 1));
	for (;;)
		brood_sleep(100);
}

/* More than one look at the dead notes down. */
static void many_takers_may_die_at_once(void **state)
{
	(void)state;
	enum { TAKERS = 150 };
	static brood_process *takers[TAKERS];
	for (int redeliver = 0; redeliver < 2; redeliver++) {
		brood_queue *q = brood_queue_new(.joinable = true, .redeliver = redeliver);
		station s = {q, brood_queue_new()};
		for (int i = 0; i < TAKERS; i++) {
			brood_put(q, int, i);
			takers[i] = brood_start(.target = get_one_and_stay,
						.args = BROOD_POINTED(station, &s));
		}
		for (int i = 0; i < TAKERS; i++)
			brood_free(brood_get(s.ready, int));
		for (int i = 0; i < TAKERS; i++)
			brood_process_kill(takers[i]);
		for (int i = 0; i < TAKERS; i++) {
			brood_process_join(takers[i]);
			brood_process_free(takers[i]);
		}
		brood_queue_stats is;
		brood_queue_stats_get(q, &is);
		assert_int_equal(is.queued, redeliver ? TAKERS : 0);
		assert_int_equal(is.redelivered, redeliver ? TAKERS : 0);
		assert_int_equal(is.dropped, redeliver ? 0 : TAKERS);
		assert_int_equal(is.unfinished, 0);
		brood_queue_free(s.ready);
		brood_queue_free(q);
	}
}

static void a_given_message_is_done_by_name(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.redeliver = true);
	for (int i = 0; i < 3; i++)
		brood_put(q, job, .id = i);
	job *j[3];
	assert_int_equal(brood_get_many(q, job, j, 3), 3);
	assert_int_equal(brood_queue_deliveries(q, j[2]), 1);
	assert_int_equal(brood_queue_task_done_of(q, j[2]), 0);
	assert_int_equal(brood_queue_task_done_of(q, j[2]), -EINVAL);
	assert_int_equal(brood_queue_deliveries(q, j[2]), -EINVAL);
	assert_int_equal(brood_queue_task_done(q), 0);
	assert_int_equal(brood_queue_task_done_of(q, j[1]), 0);
	assert_int_equal(brood_queue_task_done(q), -EINVAL);
	assert_int_equal(brood_queue_join(q), 0);
	for (int i = 0; i < 3; i++)
		brood_free(j[i]);
	int number = 5;
	brood_put(q, int, 6);
	assert_int_equal(brood_get_into(q, int, &number), 1);
	assert_int_equal(number, 6);
	assert_int_equal(brood_queue_task_done(q), 0);
	brood_queue_free(q);
}

static bool readable(int fd)
{
	return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

static void put_three(void *arg)
{
	for (int i = 0; i < 3; i++)
		brood_put((brood_queue *)arg, int, i);
}

static void a_descriptor_tells_of_messages(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new();
	brood_put(q, int, 9);
	int fd = brood_queue_fd(q), got;
	assert_true(fd >= 0);
	assert_int_equal(brood_queue_fd(q), fd);
	assert_true(readable(fd));
	assert_int_equal(brood_get_into_nowait(q, int, &got), 1);
	assert_int_equal(brood_get_into_nowait(q, int, &got), -ETIMEDOUT);
	assert_false(readable(fd));
	brood_process *p = brood_start(.target = put_three, .args = BROOD_VALUE(q));
	for (int i = 0; i < 3; i++) {
		do
			assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1),
					 1);
		while (brood_get_into_nowait(q, int, &got) == -ETIMEDOUT);
		assert_int_equal(got, i);
	}
	brood_process_join(p);
	assert_int_equal(brood_get_into_nowait(q, int, &got), -ETIMEDOUT);
	assert_false(readable(fd));
	brood_queue_close(q);
	assert_true(readable(fd));
	assert_int_equal(brood_get_into_nowait(q, int, &got), -EPIPE);
	brood_process_free(p);
	brood_queue_free(q);
}

/* In a family of 4 MiB. */
static int fill_the_heap(void)
{
	static large big;
	brood_queue *q = brood_must(brood_queue_new());
	int put = 0, got = 0, r, small;
	for (; (r = brood_put_value(q, BROOD_POINTED(large, &big))) == 0; put++)
		big.data[0] = (char)put;
	if (r != -ENOMEM || put < 10 || !strstr(brood_error(), "heap"))
		return 1;
	for (; got < put; got++) {
		large *one = brood_get(q, large);
		if (!one || one->data[0] != (char)(got ? got - 1 : 0))
			return 2;
		brood_free(one);
	}
	for (put = 0; (r = brood_put(q, int, put)) == 0; put++)
		;
	if (r != -ENOMEM || put < 10000 || brood_queue_size(q) != put)
		return 3;
	for (got = 0; got < put; got++)
		if (brood_get_into(q, int, &small) != 1 || small != got)
			return 4;
	return brood_put(q, int, 1) == 0 && brood_queue_free(q) == 0 ? 0 : 5;
}

/* A get notes down what is unfinished. */
static int fill_the_heap_and_finish(void)
{
	brood_queue *q = brood_must(brood_queue_new(.joinable = true));
	int put = 0, got, small;
	for (; put < 1000; put++)
		brood_must(brood_put(q, int, put));
	for (size_t size = 1 << 20; size; size /= 2)
		while (brood_alloc(size))
			;
	for (got = 0; got < put; got++)
		if (brood_get_into(q, int, &small) != 1 || small != got ||
		    brood_queue_task_done(q) < 0)
			return 1;
	return brood_queue_join(q) == 0 && brood_queue_free(q) == 0 ? 0 : 2;
}

static void without_memory_nothing_is_lost(void **state)
{
	(void)state;
	static outcome is;
	setenv("BROOD_HEAP_SIZE", "4M", 1);
	run_role("fill_the_heap", NULL, &is);
	assert_int_equal(is.status, 0);
	run_role("fill_the_heap_and_finish", NULL, &is);
	assert_int_equal(is.status, 0);
	unsetenv("BROOD_HEAP_SIZE");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(put_and_get_every_kind),
		TEST(a_message_of_another_type_stays),
		TEST(a_typed_queue_refuses_others),
		TEST(a_bound_is_exact),
		TEST(an_unbounded_queue_grows_and_keeps_the_order),
		TEST(many_at_once),
		TEST(written_in_place),
		TEST(freeing_a_queue_frees_its_messages),
		TEST(wrong_calls_are_told),
		TEST(what_is_queued_survives_closing),
		TEST(closing_wakes_those_who_wait),
		TEST(unfinished_messages_are_waited_for),
		TEST(join_waits_for_other_processes),
		TEST(many_takers_may_die_at_once),
		TEST(a_given_message_is_done_by_name),
		TEST(a_descriptor_tells_of_messages),
		TEST(without_memory_nothing_is_lost),
	};
	static const role roles[] = {ROLE(fill_the_heap), ROLE(fill_the_heap_and_finish)};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
