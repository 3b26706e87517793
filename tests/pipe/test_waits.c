/* SPDX-License-Identifier: MIT */
/* Waits for a message, for room and by several threads, and what ends them. */

#include "support.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

static void test_poll(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	assert_int_equal(brood_connection_poll_nowait(p.second), -ETIMEDOUT);
	assert_int_equal(brood_connection_poll_timed(p.second, -1), -ETIMEDOUT);
	assert_int_equal(brood_connection_poll_timed(p.second, NAN), -EINVAL);
	assert_int_equal(brood_connection_poll_timed(p.second, 0.01), -ETIMEDOUT);
	assert_null(brood_recv_nowait(p.second, int));
	assert_errno(ETIMEDOUT);
	assert_null(brood_recv_timed(p.second, int, 0.01));
	assert_errno(ETIMEDOUT);
	assert_null(brood_connection_recv_bytes_timed(p.second, 0, 0.01));
	assert_int_equal(brood_connection_recv_into_nowait(p.second, NULL, 0), -ETIMEDOUT);
	assert_int_equal(brood_connection_recv_fd_timed(p.second, 0.01), -ETIMEDOUT);
	/* An empty message is there, and takes no polling away. */
	brood_connection_send_bytes(p.first, NULL, 0);
	struct pollfd fd = {.fd = brood_connection_fileno(p.second), .events = POLLIN};
	assert_int_equal(poll(&fd, 1, 0), 1);
	assert_int_equal(brood_connection_poll(p.second), 0);
	assert_int_equal(brood_connection_poll_nowait(p.second), 0);
	brood_bytes *m = brood_connection_recv_bytes_nowait(p.second, 0);
	assert_int_equal(m->size, 0);
	assert_null(m->data);
	brood_free(m);
	assert_int_equal(brood_connection_poll_nowait(p.second), -ETIMEDOUT);
	free_both(p);
}

/* A sender waits for a receiver that is behind, and long messages fill as short ones do. */
static void test_full(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	int sent = 0;
	static const char data[200000];
	while (brood_send_nowait(p.first, int, sent) == 0)
		sent++;
	assert_true(sent > 50 && sent < 10000);
	assert_int_equal(brood_send_timed(p.first, 0.01, int, sent), -ETIMEDOUT);
	for (int i = 0; i < sent; i++) {
		int *number = brood_recv_nowait(p.second, int);
		assert_int_equal(*number, i);
		brood_free(number);
	}
	for (sent = 0; brood_connection_send_bytes_nowait(p.first, data, sizeof(data)) == 0;)
		sent++;
	assert_true(sent >= 1 && sent < 10);
	assert_int_equal(brood_connection_send_bytes_timed(p.first, data, sizeof(data), 0.01),
			 -ETIMEDOUT);
	assert_int_equal(brood_connection_send_fd_nowait(p.first, 0), -ETIMEDOUT);
	assert_int_equal(brood_connection_send_fd_timed(p.first, 0, 0.01), -ETIMEDOUT);
	free_both(p);
}

static void ignore(int signal)
{
	(void)signal;
}

/* A timer's signals do not cut a wait short. */
static void test_interrupted(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	struct sigaction action = {.sa_handler = ignore}, before;
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_null(brood_recv_timed(p.second, int, 0.1));
	assert_errno(ETIMEDOUT);
	for (int i = 0; i < 200; i++) {
		brood_send(p.first, int, i);
		brood_free(brood_recv(p.second, int));
	}
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	free_both(p);
}

static void interrupt(int signal)
{
	(void)signal;
	brood_interrupt();
}

/* Unless the handler says so. */
static void test_interrupted_by_its_handler(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	brood_waitable thing = BROOD_WAITABLE(p.second);
	struct sigaction action = {.sa_handler = interrupt}, before;
	struct itimerval soon = {{0, 0}, {0, 1000}};
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_null(brood_recv(p.second, int));
	assert_errno(EINTR);
	setitimer(ITIMER_REAL, &soon, NULL);
	assert_int_equal(brood_wait(&thing, 1), -EINTR);
	sigaction(SIGALRM, &before, NULL);
	free_both(p);
}

enum { SHARERS = 3, EACH = 2000 };

static void *share_sending(void *argument)
{
	brood_connection *c = argument;
	for (int i = 0; i < EACH; i++)
		if (brood_send(c, int, i) != 0)
			abort();
	return NULL;
}

static void *share_receiving(void *argument)
{
	brood_connection *c = argument;
	long sum = 0;
	int *number;
	while ((number = brood_recv(c, int)) && *number >= 0) {
		sum += *number;
		brood_free(number);
	}
	brood_free(number);
	return (void *)sum;
}

/* Several threads on each end: each message to one of them. */
static void test_shared_ends(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	pthread_t senders[SHARERS], receivers[SHARERS];
	for (int i = 0; i < SHARERS; i++) {
		pthread_create(&senders[i], NULL, share_sending, p.first);
		pthread_create(&receivers[i], NULL, share_receiving, p.second);
	}
	for (int i = 0; i < SHARERS; i++)
		pthread_join(senders[i], NULL);
	for (int i = 0; i < SHARERS; i++)
		brood_send(p.first, int, -1);
	long sum = 0;
	for (int i = 0; i < SHARERS; i++) {
		void *part;
		pthread_join(receivers[i], &part);
		sum += (long)part;
	}
	assert_int_equal(sum, SHARERS * (long)EACH * (EACH - 1) / 2);
	free_both(p);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_poll),	TEST(test_full),
		TEST(test_interrupted), TEST(test_interrupted_by_its_handler),
		TEST(test_shared_ends),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
