/* SPDX-License-Identifier: MIT */
/* Waiting for processes, connections, queues and descriptors at once. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

enum { MANY = 50, THREADS = 3, PROCESSES = 2, ROUNDS = 1000 };

static void stay(void *arg)
{
	brood_connection *c = arg;
	brood_free(brood_recv(c, int));
}

static void test_mix(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new(), life = brood_pipe_new();
	brood_queue *q = brood_queue_new();
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	brood_process *child = brood_start(.target = stay, .args = BROOD_VALUE(life.second));
	brood_waitable things[] = {BROOD_WAITABLE(child), BROOD_WAITABLE(p.first),
				   BROOD_WAITABLE(q), BROOD_WAITABLE(ends[0])};
	assert_int_equal(brood_wait_nowait(things, 4), 0);
	assert_int_equal(brood_wait_timed(things, 4, 0.01), 0);
	for (int i = 0; i < 4; i++)
		assert_false(things[i].ready);

	assert_int_equal(brood_send(p.second, int, 1), 0);
	assert_int_equal(brood_wait(things, 4), 1);
	assert_true(things[1].ready);
	assert_int_equal(brood_put(q, int, 1), 0);
	assert_int_equal(brood_wait(things, 4), 2);
	assert_true(things[1].ready && things[2].ready);
	assert_int_equal(write(ends[1], "x", 1), 1);
	brood_send(life.first, int, 1);
	assert_int_equal(brood_process_join(child), 0);
	assert_int_equal(brood_wait(things, 4), 4);

	/* Nothing was taken; and what is taken is not ready any more. */
	brood_free(brood_recv_nowait(p.first, int));
	brood_free(brood_get_nowait(q, int));
	char byte;
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_int_equal(brood_wait_nowait(things + 1, 3), 0);
	/* Ends count as ready. */
	brood_connection_close(p.second);
	brood_queue_close(q);
	close(ends[1]);
	assert_int_equal(brood_wait_nowait(things + 1, 3), 3);
	close(ends[0]);
	brood_process_free(child);
	brood_queue_free(q);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
	brood_connection_free(life.first);
	brood_connection_free(life.second);
}

typedef struct answer {
	brood_connection *go;
	brood_queue *queue;
	brood_event *event;
} answer;
BROOD_TYPE(answer, go, queue, event);

static void put_when_told(void *arg)
{
	const answer *a = arg;
	for (int i = 0; i < 200; i++) {
		brood_free(brood_recv(a->go, int));
		brood_must(brood_put(a->queue, int, i));
	}
}

/* A put in another process wakes the wait, every time. */
static void test_queue_wakes(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	brood_queue *q = brood_queue_new();
	brood_process *child = brood_start(.target = put_when_told,
					   .args = BROOD_ARGS(answer, .go = p.second, .queue = q));
	brood_waitable things[] = {BROOD_WAITABLE(q), BROOD_WAITABLE(child)};
	for (int i = 0; i < 200; i++) {
		brood_send(p.first, int, i);
		assert_true(brood_wait_timed(things, 2, 20) >= 1);
		assert_true(things[0].ready);
		int *number = brood_get_nowait(q, int);
		assert_non_null(number);
		assert_int_equal(*number, i);
		brood_free(number);
	}
	brood_process_join(child);
	brood_process_free(child);
	brood_queue_free(q);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
}

static void set_when_told(void *arg)
{
	const answer *a = arg;
	for (int i = 0; i < 100; i++) {
		brood_free(brood_recv(a->go, int));
		brood_event_set(a->event);
	}
}

static void test_event_wakes(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	brood_event *e = brood_event_new();
	brood_process *child = brood_start(.target = set_when_told,
					   .args = BROOD_ARGS(answer, .go = p.second, .event = e));
	brood_waitable things[] = {BROOD_WAITABLE(e), BROOD_WAITABLE(p.first)};
	for (int i = 0; i < 100; i++) {
		assert_int_equal(brood_wait_nowait(things, 2), 0);
		brood_send(p.first, int, i);
		assert_int_equal(brood_wait_timed(things, 1, 20), 1);
		assert_int_equal(brood_wait(things, 1), 1); /* until it is cleared */
		brood_event_clear(e);
	}
	brood_process_join(child);
	brood_process_free(child);
	brood_event_free(e);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
	assert_int_equal(brood_wait_nowait(things, 1), -EINVAL);
}

static void test_many(void **state)
{
	(void)state;
	brood_pipe p[MANY];
	brood_waitable things[MANY];
	for (int i = 0; i < MANY; i++) {
		p[i] = brood_pipe_new();
		things[i] = BROOD_WAITABLE(p[i].first);
	}
	for (int i = 0; i < MANY; i += 7)
		brood_send(p[i].second, int, i);
	assert_int_equal(brood_wait(things, MANY), (MANY + 6) / 7);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(things[i].ready, i % 7 == 0);
	for (int i = 0; i < MANY; i++) {
		brood_connection_free(p[i].first);
		brood_connection_free(p[i].second);
	}
}

/* Threads that all wait for one thing, round after round. */
typedef struct crowd {
	brood_event *event;
	brood_queue *queue;
	brood_connection *connection;
	brood_barrier *barrier;
	int kind;
} crowd;
BROOD_TYPE(crowd, event, queue, connection, barrier, kind);

static void meet(brood_barrier *barrier)
{
	if (brood_barrier_wait(barrier) < 0)
		abort();
}

static void *wait_in_rounds(void *arg)
{
	const crowd *c = arg;
	brood_waitable thing = c->kind == 0   ? BROOD_WAITABLE(c->event)
			       : c->kind == 1 ? BROOD_WAITABLE(c->queue)
					      : BROOD_WAITABLE(c->connection);
	for (int i = 0; i < ROUNDS; i++) {
		meet(c->barrier);
		if (brood_wait(&thing, 1) != 1 || !thing.ready)
			abort();
		meet(c->barrier);
	}
	return NULL;
}

static void wait_in_threads(void *arg)
{
	pthread_t thread[THREADS];
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, wait_in_rounds, arg))
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* All threads of all processes are woken, every time: were they to find it by looking around, the
 * rounds would take longer than the test may. */
static void test_threads(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	crowd c = {.event = brood_event_new(),
		   .queue = brood_queue_new(),
		   .connection = p.first,
		   .barrier = brood_barrier_new(PROCESSES * THREADS + 1)};
	for (c.kind = 0; c.kind < 3; c.kind++) {
		brood_process *child[PROCESSES];
		for (int i = 0; i < PROCESSES; i++)
			child[i] = brood_start(.target = wait_in_threads,
					       .args = BROOD_POINTED(crowd, &c));
		for (int i = 0; i < ROUNDS; i++) {
			meet(c.barrier);
			brood_event_set(c.event);
			brood_put(c.queue, int, i);
			brood_send(p.second, int, i);
			meet(c.barrier);
			brood_event_clear(c.event);
			brood_free(brood_get(c.queue, int));
			brood_free(brood_recv(p.first, int));
		}
		for (int i = 0; i < PROCESSES; i++) {
			brood_process_join(child[i]);
			assert_int_equal(brood_process_exitcode(child[i]), 0);
			brood_process_free(child[i]);
		}
	}
	brood_event_free(c.event);
	brood_queue_free(c.queue);
	brood_barrier_free(c.barrier);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
}

/* Changes them where a ring fails, as one does that a death prevents. */
static void change_unheard(void *arg)
{
	const crowd *c = arg;
	struct rlimit before, none;
	getrlimit(RLIMIT_NOFILE, &before);
	none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
	meet(c->barrier);
	setrlimit(RLIMIT_NOFILE, &none);
	brood_must(brood_event_set(c->event));
	brood_must(brood_put(c->queue, int, 1));
	setrlimit(RLIMIT_NOFILE, &before);
}

static void test_unheard(void **state)
{
	(void)state;
	crowd c = {.event = brood_event_new(),
		   .queue = brood_queue_new(),
		   .barrier = brood_barrier_new(2)};
	brood_waitable event = BROOD_WAITABLE(c.event), queue = BROOD_WAITABLE(c.queue);
	assert_int_equal(brood_wait_nowait(&event, 1), 0);
	assert_int_equal(brood_wait_nowait(&queue, 1), 0);
	int fd = brood_queue_fd(c.queue);
	brood_process *child =
		brood_start(.target = change_unheard, .args = BROOD_POINTED(crowd, &c));
	meet(c.barrier);
	assert_int_equal(brood_wait(&event, 1), 1);
	assert_int_equal(brood_wait(&queue, 1), 1);
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1), 1);
	brood_process_join(child);
	assert_int_equal(brood_process_exitcode(child), 0);
	brood_process_free(child);
	brood_event_free(c.event);
	brood_queue_free(c.queue);
	brood_barrier_free(c.barrier);
}

static void take_and_stay(void *arg)
{
	const crowd *c = arg;
	brood_must(brood_get(c->queue, int));
	meet(c->barrier);
	for (;;)
		pause();
}

/* What comes back from a taker that was killed is there, though nobody has told. */
static void test_returned(void **state)
{
	(void)state;
	crowd c = {.queue = brood_queue_new(.redeliver = true), .barrier = brood_barrier_new(2)};
	brood_waitable queue = BROOD_WAITABLE(c.queue);
	for (int by_poll = 0; by_poll < 2; by_poll++) {
		brood_put(c.queue, int, 7);
		brood_process *child =
			brood_start(.target = take_and_stay, .args = BROOD_POINTED(crowd, &c));
		meet(c.barrier);
		int fd = brood_queue_fd(c.queue), got = 0;
		assert_int_equal(brood_get_into_nowait(c.queue, int, &got), -ETIMEDOUT);
		brood_process_kill(child);
		if (!by_poll)
			assert_int_equal(brood_wait(&queue, 1), 1);
		do
			assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1),
					 1);
		while (brood_get_into_nowait(c.queue, int, &got) == -ETIMEDOUT);
		assert_int_equal(got, 7);
		assert_int_equal(brood_queue_task_done(c.queue), 0);
		brood_process_join(child);
		brood_process_free(child);
	}
	brood_queue_free(c.queue);
	brood_barrier_free(c.barrier);
}

static void quit(void) {}

static void set_event(void *event)
{
	brood_event_set(event);
}

/* Of each kind, first none and then all of them ready, beside so many that they lie in the heap. */
static void wait_for_every_kind(size_t more)
{
	enum { KINDS = 5 };
	brood_waitable things[KINDS + MANY];
	brood_event *events[MANY], *event = brood_event_new();
	brood_pipe p = brood_pipe_new(), life = brood_pipe_new();
	brood_queue *q = brood_queue_new();
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	brood_process *child = brood_start(.target = stay, .args = BROOD_VALUE(life.second));
	things[0] = BROOD_WAITABLE(child);
	things[1] = BROOD_WAITABLE(p.first);
	things[2] = BROOD_WAITABLE(q);
	things[3] = BROOD_WAITABLE(event);
	things[4] = BROOD_WAITABLE(ends[0]);
	for (size_t i = 0; i < more; i++)
		things[KINDS + i] = BROOD_WAITABLE(events[i] = brood_event_new());
	assert_int_equal(brood_wait_nowait(things, KINDS + more), 0);
	assert_int_equal(brood_wait_timed(things, KINDS + more, 0.01), 0);

	brood_process *setter = brood_start(.target = set_event, .args = BROOD_VALUE(event));
	assert_int_equal(brood_wait(things, KINDS + more), 1);
	assert_true(things[3].ready);
	brood_process_join(setter);
	brood_send(p.second, int, 1);
	brood_put(q, int, 1);
	assert_int_equal(write(ends[1], "x", 1), 1);
	brood_send(life.first, int, 1);
	brood_process_join(child);
	assert_int_equal(brood_wait(things, KINDS + more), KINDS);
	for (size_t i = 0; i < KINDS + more; i++)
		assert_int_equal(things[i].ready, i < KINDS);

	for (size_t i = 0; i < more; i++)
		brood_event_free(events[i]);
	brood_process_free(child);
	brood_process_free(setter);
	brood_event_free(event);
	brood_queue_free(q);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
	brood_connection_free(life.first);
	brood_connection_free(life.second);
	close(ends[0]);
	close(ends[1]);
}

static void test_every_kind(void **state)
{
	(void)state;
	wait_for_every_kind(0);
	wait_for_every_kind(MANY);
}

static void wait_for_parent(void *arg)
{
	const answer *a = arg;
	brood_waitable things[] = {BROOD_WAITABLE(brood_parent_process()),
				   BROOD_WAITABLE(a->event)};
	int n = brood_wait(things, 2);
	brood_must(brood_put(a->queue, int, n == 1 && !things[0].ready && things[1].ready));
	brood_must(brood_put(a->queue, int, brood_wait_nowait(things, 2) == 1));
}

/* A parent that lives, and an event that it sets, or has set. */
static void test_parent_and_event(void **state)
{
	(void)state;
	for (int early = 0; early < 2; early++) {
		brood_event *e = brood_event_new();
		brood_queue *q = brood_queue_new();
		if (early)
			brood_event_set(e);
		brood_process *child =
			brood_start(.target = wait_for_parent,
				    .args = BROOD_ARGS(answer, .queue = q, .event = e));
		brood_event_set(e);
		for (int i = 0; i < 2; i++) {
			int right = 0;
			assert_int_equal(brood_get_into_timed(q, int, &right, 20), 1);
			assert_true(right);
		}
		brood_process_join(child);
		brood_process_free(child);
		brood_event_free(e);
		brood_queue_free(q);
	}
}

static void ignore(int signal)
{
	(void)signal;
}

static void test_time_and_signals(void **state)
{
	(void)state;
	struct sigaction action = {.sa_handler = ignore}, before;
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	struct timespec from, to;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(brood_wait_timed(NULL, 0, 0.1), 0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	double seconds =
		(double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
	assert_true(seconds >= 0.1);
	assert_int_equal(brood_wait_timed(NULL, 0, -1), 0);
}

static void test_wrong(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	brood_process *unstarted = brood_process_new(.call = quit);
	brood_waitable twice[] = {BROOD_WAITABLE(p.first), BROOD_WAITABLE(p.first)};
	assert_int_equal(brood_wait_nowait(twice, 2), -EINVAL);
	assert_sentence("twice");
	brood_waitable one = BROOD_WAITABLE(unstarted);
	assert_int_equal(brood_wait_nowait(&one, 1), -EINVAL);
	assert_sentence("not started");
	brood_process_free(unstarted);
	one = BROOD_WAITABLE(-1);
	assert_int_equal(brood_wait_nowait(&one, 1), -EINVAL);
	assert_sentence("invalid handle");
	one = BROOD_WAITABLE(900);
	assert_int_equal(brood_wait_nowait(&one, 1), -EBADF);
	assert_sentence("900");
	one = BROOD_WAITABLE((brood_queue *)NULL);
	assert_int_equal(brood_wait_nowait(&one, 1), -EINVAL);
	one = (brood_waitable){.ready = true};
	assert_int_equal(brood_wait_nowait(&one, 1), -EINVAL);
	assert_true(one.ready);
	assert_int_equal(brood_wait_nowait(NULL, 1), -EINVAL);
	assert_int_equal(brood_wait(NULL, 0), -EINVAL);
	assert_int_equal(brood_wait_timed(&one, 1, NAN), -EINVAL);
	brood_connection_close(p.first);
	assert_int_equal(brood_wait_nowait(twice, 1), -EBADF);
	assert_sentence("handle is closed");
	brood_connection_free(p.first);
	brood_connection_free(p.second);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_mix),	       TEST(test_queue_wakes),	    TEST(test_event_wakes),
		TEST(test_many),       TEST(test_time_and_signals), TEST(test_wrong),
		TEST(test_every_kind), TEST(test_parent_and_event), TEST(test_threads),
		TEST(test_unheard),    TEST(test_returned),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
