/* SPDX-License-Identifier: MIT */
/* Ends of pipes among processes: who has them, under every start method, and what deaths do. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sync/port.h"

enum { MANY = 300 };

typedef struct task {
	int number;
	brood_connection *end;
} task;
BROOD_TYPE(task, number, end);

typedef struct tasks {
	notes *told;
	task *list;
	size_t count;
	brood_connection *more[2];
} tasks;
BROOD_TYPE(tasks, BROOD_SHARED(told), BROOD_MANY(task, list, count), more);

typedef struct crowd {
	brood_connection *ends[MANY];
} crowd;
BROOD_TYPE(crowd, ends);

/* A pointer that no pickle knows to be a connection. */
typedef struct hidden {
	brood_connection *end;
	brood_connection *back;
} hidden;

static const char *method;

static brood_process *start(void (*target)(void *), brood_value args)
{
	brood_process *p = brood_start(.target = target, .args = args, .start_method = method);
	if (!p)
		fail_msg("%s", brood_error());
	return p;
}

static void end(brood_process *p, int code)
{
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), code);
	brood_process_free(p);
}

static void free_both(brood_pipe p)
{
	assert_int_equal(brood_connection_free(p.first), 0);
	assert_int_equal(brood_connection_free(p.second), 0);
}

static void assert_received(brood_connection *c, int expected)
{
	int *number = brood_recv_timed(c, int, 20);
	if (!number)
		fail_msg("%s", brood_error());
	assert_int_equal(*number, expected);
	brood_free(number);
}

static void assert_end_of_file(brood_connection *c)
{
	assert_null(brood_recv_timed(c, int, 20));
	assert_int_equal(errno, EPIPE);
}

static void echo(void *arg)
{
	brood_connection *c = arg;
	int *number;
	while ((number = brood_recv(c, int))) {
		brood_must(brood_send(c, int, *number + 1));
		brood_free(number);
	}
	if (errno != EPIPE)
		abort();
}

static void test_given(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	brood_process *child = start(echo, BROOD_VALUE(p.second));
	brood_connection_close(p.second); /* straight after the start */
	for (int i = 0; i < 100; i++) {
		brood_send(p.first, int, i);
		assert_received(p.first, i + 1);
	}
	brood_connection_close(p.first);
	end(child, 0);
	free_both(p);
}

static void send_on_all(void *arg)
{
	const tasks *t = arg;
	for (size_t i = 0; i < t->count; i++)
		brood_must(brood_send(t->list[i].end, int, t->list[i].number));
	brood_must(brood_send(t->more[1], int, 7));
}

static void test_given_in_structs(void **state)
{
	(void)state;
	brood_pipe p[4];
	task list[3];
	for (int i = 0; i < 4; i++)
		p[i] = brood_pipe_new(.one_way = i % 2);
	for (int i = 0; i < 3; i++)
		list[i] = (task){.number = i, .end = p[i].second};
	brood_process *child = start(send_on_all, BROOD_ARGS(tasks, .list = list, .count = 3,
							     .more = {NULL, p[3].second}));
	for (int i = 0; i < 4; i++)
		brood_connection_close(p[i].second);
	for (int i = 0; i < 4; i++) {
		assert_received(p[i].first, i == 3 ? 7 : i);
		assert_end_of_file(p[i].first);
	}
	end(child, 0);
	for (int i = 0; i < 4; i++)
		free_both(p[i]);
}

static void stay(void *arg)
{
	brood_connection *c = arg;
	brood_free(brood_recv(c, int));
}

/* The end of file comes though children that were not given the end were forked meanwhile. */
static void test_others_do_not_keep_it_open(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new(), q = brood_pipe_new();
	brood_process *stays = start(stay, BROOD_VALUE(q.second));
	brood_process *child = start(echo, BROOD_VALUE(p.second));
	brood_process *also = start(stay, BROOD_VALUE(q.second));
	brood_connection_close(p.second);
	brood_connection_close(q.second);
	brood_process_kill(child);
	end(child, -SIGKILL);
	assert_end_of_file(p.first);
	brood_connection_close(p.first);
	brood_send(q.first, int, 1);
	brood_send(q.first, int, 1);
	end(stays, 0);
	end(also, 0);
	free_both(p);
	free_both(q);
}

static void count_ends(void *arg)
{
	const crowd *c = arg;
	for (int i = 0; i < MANY; i++)
		if (c->ends[i])
			brood_must(brood_send(c->ends[i], int, i));
}

static void test_many_given(void **state)
{
	(void)state;
	brood_pipe p[MANY];
	crowd c;
	for (int i = 0; i < MANY; i++) {
		p[i] = brood_pipe_new();
		c.ends[i] = p[i].second;
	}
	brood_process *child = start(count_ends, BROOD_POINTED(crowd, &c));
	for (int i = 0; i < MANY; i++)
		brood_connection_close(p[i].second);
	for (int i = 0; i < MANY; i++)
		assert_received(p[i].first, i);
	end(child, 0);
	for (int i = 0; i < MANY; i++)
		free_both(p[i]);
}

static void use_hidden(void *arg)
{
	const hidden *h = arg;
	if (brood_send(h->end, int, 5) != 0) {
		fprintf(stderr, "%s\n", brood_error());
		_exit(errno == EPERM ? 2 : 1);
	}
	brood_free(brood_recv(h->end, int));
}

/* By a pointer alone: the process fetches the descriptor at its first use. */
static void test_fetched(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	hidden *h = brood_calloc(1, sizeof(*h));
	h->end = p.second;
	brood_process *one = start(use_hidden, BROOD_SHARE(h));
	assert_received(p.first, 5);
	brood_connection_close(p.second);
	/* From a sibling, since this process has it no more. */
	brood_process *other = start(use_hidden, BROOD_SHARE(h));
	assert_received(p.first, 5);
	brood_send(p.first, int, 0);
	brood_send(p.first, int, 0);
	end(one, 0);
	end(other, 0);
	assert_end_of_file(p.first);
	assert_int_equal(brood_connection_open(p.second), -EPIPE);
	assert_sentence("no process holds");
	free_both(p);
	brood_free(h);
}

static void take_end(void *arg)
{
	brood_connection *c = arg;
	brood_connection *got = brood_must(brood_recv(c, brood_connection_handle));
	brood_must(brood_send(got, int, 9));
	int fd = brood_must(brood_connection_recv_fd(c));
	if (write(fd, "x", 1) != 1)
		abort();
}

static void test_sent_through_a_pipe(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new(), q = brood_pipe_new();
	int ends[2];
	char byte;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	brood_process *child = start(take_end, BROOD_VALUE(p.second));
	assert_int_equal(brood_connection_send(p.first, BROOD_VALUE(q.second)), 0);
	assert_int_equal(brood_connection_send_fd(p.first, ends[1]), 0);
	brood_connection_close(q.second);
	close(ends[1]);
	assert_received(q.first, 9);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	end(child, 0);
	assert_end_of_file(q.first);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	free_both(p);
	free_both(q);
}

enum { LONG = 300000 };

static void send_long(void *arg)
{
	brood_connection *c = arg;
	unsigned char *data = malloc(LONG);
	for (unsigned char value = 0;; value++) {
		memset(data, value, LONG);
		if (brood_connection_send_bytes(c, data, LONG) != 0)
			abort();
	}
}

/* A sender that is killed in the middle of a long message has sent it or not. */
static void test_killed_senders(void **state)
{
	(void)state;
	static unsigned char data[LONG];
	for (int i = 0; i < 30; i++) {
		brood_pipe p = brood_pipe_new(.one_way = true);
		brood_process *child = start(send_long, BROOD_VALUE(p.writer));
		brood_connection_close(p.writer);
		brood_connection_poll(p.reader);
		brood_sleep(1e-5 * (rand() % 100));
		brood_process_kill(child);
		long long r;
		for (int n = 0; (r = brood_connection_recv_into(p.reader, data, LONG)) == LONG; n++)
			for (int k = 0; k < LONG; k++)
				if (data[k] != (unsigned char)n)
					fail_msg("torn: %d at %d of message %d", data[k], k, n);
		assert_int_equal(r, -EPIPE);
		end(child, -SIGKILL);
		free_both(p);
	}
}

static void receive_all(void *arg)
{
	brood_connection *c = arg;
	int *number;
	while ((number = brood_recv(c, int)))
		brood_free(number);
}

/* Receivers are killed one by one: the messages that they had not taken go to the next. */
static void test_killed_receivers(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	for (int i = 0; i < 30; i++) {
		brood_process *child = start(receive_all, BROOD_VALUE(p.second));
		for (int k = 0; k < 200; k++)
			assert_int_equal(brood_send(p.first, int, k), 0);
		brood_process_kill(child);
		end(child, -SIGKILL);
	}
	brood_send(p.first, int, -1);
	int last = 0, *number;
	while (last >= 0 && (number = brood_recv_nowait(p.second, int))) {
		last = *number;
		brood_free(number);
	}
	assert_int_equal(last, -1);
	free_both(p);
}

/* Places of dead holders are taken again. */
static void test_notes_of_dead_holders(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	for (int i = 0; i < PORT_HOLDERS + 5; i++) {
		brood_process *child = start(stay, BROOD_VALUE(p.second));
		while (!brood_process_pid(child))
			;
		brood_send(p.first, int, 1);
		end(child, 0);
	}
	hidden *h = brood_calloc(1, sizeof(*h));
	h->end = p.second;
	brood_process *child = start(use_hidden, BROOD_SHARE(h));
	assert_received(p.first, 5);
	brood_send(p.first, int, 0);
	end(child, 0);
	brood_free(h);
	free_both(p);
}

/* A child that the program forks by itself shares the ends, as it does other descriptors. */
static void test_own_fork(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	pid_t pid = fork();
	if (pid == 0) {
		int r = brood_send(p.second, int, 6);
		brood_connection_close(p.second);
		_exit(r == 0 ? 0 : 1);
	}
	assert_received(p.first, 6);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	brood_send(p.second, int, 7);
	assert_received(p.first, 7);
	free_both(p);
}

static void grandparent(void *arg)
{
	brood_connection *c = arg;
	brood_process *child = brood_start(.target = echo, .args = BROOD_VALUE(c));
	brood_connection_close(c);
	brood_process_join(child);
}

static void test_given_on(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new();
	brood_process *child = start(grandparent, BROOD_VALUE(p.second));
	brood_connection_close(p.second);
	brood_send(p.first, int, 1);
	assert_received(p.first, 2);
	brood_connection_close(p.first);
	end(child, 0);
	free_both(p);
}

/* The fork server and its warm children are not left over, but kept. */
static int end_case(void **state)
{
	brood_forkserver_stop();
	return harness_end(state);
}
#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_begin, end_case)

#define TESTS                                                                                 \
	TEST(test_given), TEST(test_given_in_structs), TEST(test_others_do_not_keep_it_open), \
		TEST(test_many_given), TEST(test_fetched), TEST(test_sent_through_a_pipe),    \
		TEST(test_killed_senders), TEST(test_killed_receivers),                       \
		TEST(test_notes_of_dead_holders), TEST(test_own_fork), TEST(test_given_on)

int main(void)
{
	brood_init();
	struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
	setrlimit(RLIMIT_NOFILE, &limit);
	const struct CMUnitTest tests[] = {TESTS};
	int failed = 0;
	for (const char *const *m = brood_all_start_methods(); *m; m++) {
		method = *m;
		brood_force_start_method(method);
		failed += cmocka_run_group_tests_name(method, tests, NULL, NULL);
	}
	return failed;
}
