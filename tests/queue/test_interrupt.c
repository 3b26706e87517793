/* SPDX-License-Identifier: MIT */
/* A queue's waits that a handler of a signal ends: by a mark left before, and while they sleep. */

#include "../process/harness.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>

static void interrupt(int signal)
{
	(void)signal;
	brood_interrupt();
}

static void mark_now(void)
{
	raise(SIGALRM);
}

/* Mostly while the wait sleeps; if it comes before, its mark is found. */
static void mark_soon(void)
{
	struct itimerval soon = {.it_value = {.tv_usec = 70000}};
	setitimer(ITIMER_REAL, &soon, NULL);
}

static void (*const marks[])(void) = {mark_now, mark_soon};

static void with_handler(void (*f)(void (*mark)(void)))
{
	struct sigaction action = {.sa_handler = interrupt}, before;
	sigaction(SIGALRM, &action, &before);
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		f(marks[i]);
	sigaction(SIGALRM, &before, NULL);
}

static void get_interrupted(void (*mark)(void))
{
	brood_queue *q = brood_queue_new();
	int number;
	mark();
	errno = 0;
	assert_null(brood_get(q, int));
	assert_int_equal(errno, EINTR);
	assert_sentence("brood_interrupt");
	mark();
	assert_int_equal(brood_get_into_timed(q, int, &number, 20), -EINTR);
	mark();
	assert_int_equal(brood_get_many_into(q, int, &number, 1), -EINTR);
	/* Answered once: what comes next waits out its time. */
	assert_int_equal(brood_get_into_timed(q, int, &number, 0.01), -ETIMEDOUT);
	brood_queue_free(q);
}

static void test_get(void **state)
{
	(void)state;
	with_handler(get_interrupted);
}

static void put_interrupted(void (*mark)(void))
{
	static const int numbers[] = {1, 2, 3};
	brood_queue *q = brood_queue_new(.max = 2);
	assert_int_equal(brood_put(q, int, 0), 0);
	mark();
	/* One had room; and none is put in part. */
	assert_int_equal(brood_put_many(q, int, numbers, 3), 1);
	mark();
	assert_int_equal(brood_put(q, int, 4), -EINTR);
	assert_sentence("brood_interrupt");
	int *mine = brood_reserve(q, int);
	mark();
	assert_int_equal(brood_commit_timed(q, mine, 20), -EINTR);
	brood_free(mine);
	assert_int_equal(brood_queue_size(q), 2);
	brood_queue_free(q);
}

static void test_put(void **state)
{
	(void)state;
	with_handler(put_interrupted);
}

static void join_interrupted(void (*mark)(void))
{
	brood_queue *q = brood_queue_new(.joinable = true);
	assert_int_equal(brood_put(q, int, 0), 0);
	mark();
	assert_int_equal(brood_queue_join(q), -EINTR);
	assert_sentence("brood_interrupt");
	brood_free(brood_get(q, int));
	assert_int_equal(brood_queue_task_done(q), 0);
	assert_int_equal(brood_queue_join(q), 0);
	brood_queue_free(q);
}

static void test_join(void **state)
{
	(void)state;
	with_handler(join_interrupted);
}

typedef struct unfinished {
	brood_queue *queue;
	brood_connection *life;
} unfinished;
BROOD_TYPE(unfinished, queue, life);

static void take_and_stay(void *arg)
{
	const unfinished *u = arg;
	brood_must(brood_get(u->queue, int));
	brood_send(u->life, int, 0);
	brood_recv(u->life, int);
}

/* The wait depends on another process, whose life word it watches, too. */
static void peer_interrupted(void (*mark)(void))
{
	brood_queue *q = brood_queue_new(.redeliver = true);
	brood_pipe life = brood_pipe_new();
	brood_process *p =
		brood_start(.target = take_and_stay,
			    .args = BROOD_ARGS(unfinished, .queue = q, .life = life.second));
	brood_put(q, int, 1);
	brood_free(brood_recv(life.first, int));
	mark();
	assert_int_equal(brood_queue_join(q), -EINTR);
	brood_queue_close(q);
	mark();
	assert_null(brood_get(q, int));
	assert_int_equal(errno, EINTR);
	brood_process_kill(p);
	brood_process_join(p);
	brood_process_free(p);
	int *again = brood_get(q, int);
	assert_int_equal(*again, 1);
	assert_int_equal(brood_queue_task_done(q), 0);
	brood_free(again);
	brood_queue_free(q);
	brood_connection_free(life.first);
	brood_connection_free(life.second);
}

static void test_wait_for_a_peer(void **state)
{
	(void)state;
	with_handler(peer_interrupted);
}

/* What need not sleep is not interrupted; the mark is for the next that does. */
static void test_no_wait(void **state)
{
	(void)state;
	brood_queue *q = brood_queue_new(.max = 1);
	int number;
	brood_interrupt();
	assert_int_equal(brood_put(q, int, 3), 0);
	assert_int_equal(brood_put_value_nowait(q, BROOD_VALUE(4)), -ETIMEDOUT);
	assert_int_equal(brood_get_into(q, int, &number), 1);
	assert_int_equal(brood_get_into_nowait(q, int, &number), -ETIMEDOUT);
	assert_int_equal(brood_get_into(q, int, &number), -EINTR);
	brood_queue_free(q);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(test_get),	    TEST(test_put), TEST(test_join), TEST(test_wait_for_a_peer),
		TEST(test_no_wait),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
