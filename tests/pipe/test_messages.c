/* SPDX-License-Identifier: MIT */
/* Messages within one process: values, bytes, their order, limits and errors. */

#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct job {
	int id;
	const char *path;
	brood_bytes data;
} job;
BROOD_TYPE(job, id, path, data);

typedef struct holder {
	brood_lock *lock;
} holder;
BROOD_TYPE(holder, lock);

static void test_values(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	char some[] = "bytes";
	assert_int_equal(brood_send(p.first, int, 42), 0);
	assert_int_equal(brood_send(p.first, brood_string, "text"), 0);
	assert_int_equal(brood_send(p.first, job, .id = 3, .path = "a.txt", .data = {some, 5}), 0);
	assert_int_equal(brood_connection_send(p.first, BROOD_VALUE(2.5)), 0);
	assert_int_equal(brood_connection_send(p.first, BROOD_NONE), 0);
	int *number = brood_recv(p.second, int);
	char *text = brood_recv(p.second, brood_string);
	job *received = brood_recv(p.second, job);
	double *real = brood_recv(p.second, double);
	assert_int_equal(*number, 42);
	assert_string_equal(text, "text");
	assert_int_equal(received->id, 3);
	assert_string_equal(received->path, "a.txt");
	assert_int_equal(received->data.size, 5);
	assert_memory_equal(received->data.data, "bytes", 5);
	assert_true(*real == 2.5);
	assert_true(brood_is(received, job));
	errno = 7;
	assert_null(brood_recv(p.second, job));
	assert_errno(0);
	brood_free(number);
	brood_free(text);
	brood_free(received);
	brood_free(real);
	/* And back. */
	assert_int_equal(brood_send(p.second, int, 1), 0);
	brood_free(brood_recv(p.first, int));
	free_both(p);
}

static void *send_all_sizes(void *argument);

static const size_t sizes[] = {0,     1,     100,    65519,   65520,   65521,
			       65536, 70000, 250000, 1 << 20, 16 << 20};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static unsigned char pattern(size_t i, size_t size)
{
	return (unsigned char)(i * 31 + (i >> 12) + size);
}

static void *send_all_sizes(void *argument)
{
	brood_connection *c = argument;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < SIZES; i++) {
			unsigned char *data = malloc(sizes[i] + 1);
			for (size_t k = 0; k < sizes[i]; k++)
				data[k] = pattern(k, sizes[i]);
			if (brood_connection_send_bytes(c, data, sizes[i]) != 0)
				abort();
			free(data);
		}
	}
	return NULL;
}

static void check_pattern(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	for (size_t k = 0; k < size; k++)
		if (bytes[k] != pattern(k, size))
			fail_msg("byte %zu of %zu", k, size);
}

static void test_sizes(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	pthread_t sender;
	pthread_create(&sender, NULL, send_all_sizes, p.first);
	for (size_t i = 0; i < SIZES; i++) {
		brood_bytes *m = brood_connection_recv_bytes(p.second, 0);
		assert_non_null(m);
		assert_int_equal(m->size, sizes[i]);
		check_pattern(m->data, m->size);
		assert_true(brood_is(m, brood_bytes));
		brood_free(m);
	}
	unsigned char *buffer = malloc(16 << 20);
	for (size_t i = 0; i < SIZES; i++) {
		assert_int_equal(brood_connection_recv_into(p.second, buffer, 16 << 20), sizes[i]);
		check_pattern(buffer, sizes[i]);
	}
	free(buffer);
	pthread_join(sender, NULL);
	free_both(p);
}

/* A long value, and a socket that takes short packets only. */
static void test_short_packets(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	int small = 4096;
	setsockopt(brood_connection_fileno(p.first), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	char *text = malloc(300001);
	memset(text, 'x', 300000);
	text[300000] = '\0';
	assert_int_equal(brood_connection_send(p.first, BROOD_VALUE(text)), 0);
	char *received = brood_recv(p.second, brood_string);
	assert_string_equal(received, text);
	brood_free(received);
	free(text);
	free_both(p);
}

static void test_wrong_message_stays(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	char buffer[4];
	assert_int_equal(brood_send(p.first, int, 5), 0);
	assert_null(brood_recv(p.second, job));
	assert_errno(EBADMSG);
	assert_sentence("not a 'job'");
	assert_int_equal(brood_connection_recv_fd(p.second), -EBADMSG);
	assert_sentence("brood_recv()");
	int *number = brood_recv(p.second, int);
	assert_int_equal(*number, 5);
	brood_free(number);

	assert_int_equal(brood_connection_send_bytes(p.first, "hello", 5), 0);
	assert_null(brood_recv(p.second, int));
	assert_errno(EBADMSG);
	assert_sentence("recv_bytes");
	assert_int_equal(brood_connection_recv_into(p.second, buffer, 4), -EMSGSIZE);
	assert_sentence("bad message length");
	assert_null(brood_connection_recv_bytes(p.second, 4));
	assert_errno(EMSGSIZE);
	brood_bytes *m = brood_connection_recv_bytes(p.second, 5);
	assert_memory_equal(m->data, "hello", 5);
	brood_free(m);

	assert_int_equal(brood_connection_send_fd(p.first, STDIN_FILENO), 0);
	assert_null(brood_recv(p.second, int));
	assert_sentence("file descriptor");
	close(brood_connection_recv_fd(p.second));
	free_both(p);
}

/* A value is received as bytes as what brood_dump() makes of it. */
static void test_value_as_bytes(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	void *data;
	size_t size;
	assert_int_equal(brood_dump(BROOD_VALUE(7), &data, &size), 0);
	brood_send(p.first, int, 7);
	brood_bytes *m = brood_connection_recv_bytes(p.second, 0);
	assert_int_equal(m->size, size);
	assert_memory_equal(m->data, data, size);
	brood_connection_send_bytes(p.first, data, size);
	int *number = brood_recv(p.second, int);
	assert_int_equal(*number, 7);
	brood_free(number);
	brood_free(m);
	free(data);
	free_both(p);
}

static void test_limit(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new(.max_message = 1000);
	char data[1001] = {0};
	brood_connection_send_bytes(p.first, data, 1000);
	brood_connection_send_bytes(p.first, data, 1001);
	brood_free(brood_connection_recv_bytes(p.second, 0));
	assert_null(brood_connection_recv_bytes(p.second, 0));
	assert_errno(EMSGSIZE);
	free_both(p);
}

static void test_one_way(void **state)
{
	(void)state;
	brood_pipe p = brood_pipe_new(.one_way = true);
	assert_true(brood_connection_readable(p.reader));
	assert_false(brood_connection_writable(p.reader));
	assert_false(brood_connection_readable(p.writer));
	assert_true(brood_connection_writable(p.writer));
	assert_int_equal(brood_send(p.reader, int, 1), -EBADF);
	assert_sentence("connection is read-only");
	assert_null(brood_recv(p.writer, int));
	assert_errno(EBADF);
	assert_sentence("connection is write-only");
	assert_int_equal(brood_connection_poll_nowait(p.writer), -EBADF);
	assert_int_equal(brood_send(p.writer, int, 1), 0);
	brood_free(brood_recv(p.reader, int));
	free_both(p);
}

static void test_end_of_file(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	brood_send(p.first, int, 1);
	brood_send(p.second, int, 2); /* never received: the kernel resets the connection */
	brood_connection_close(p.first);
	assert_int_equal(brood_connection_poll(p.second), 0);
	int *number = brood_recv(p.second, int);
	assert_int_equal(*number, 1);
	brood_free(number);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(brood_connection_poll_nowait(p.second), 0);
		assert_null(brood_recv(p.second, int));
		assert_errno(EPIPE);
		assert_sentence("end of file");
	}
	signal(SIGPIPE, SIG_DFL); /* none comes */
	assert_int_equal(brood_send(p.second, int, 1), -EPIPE);
	assert_sentence("other side");
	free_both(p);
}

static void test_reset_is_invisible_to_senders(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	brood_send(p.second, int, 2);
	brood_connection_close(p.first);
	assert_int_equal(brood_send(p.second, int, 1), -EPIPE);
	free_both(p);
}

static void test_closed(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	assert_false(brood_connection_closed(p.first));
	assert_int_equal(brood_connection_close(p.first), 0);
	assert_int_equal(brood_connection_close(p.first), 0);
	assert_true(brood_connection_closed(p.first));
	assert_int_equal(brood_send(p.first, int, 1), -EBADF);
	assert_sentence("handle is closed");
	assert_null(brood_recv(p.first, int));
	assert_errno(EBADF);
	assert_int_equal(brood_connection_fileno(p.first), -EBADF);
	assert_int_equal(brood_connection_poll(p.first), -EBADF);
	assert_int_equal(brood_connection_open(p.first), -EPIPE);
	assert_sentence("no process holds");
	free_both(p);
}

static void test_wrong_arguments(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	char *block = brood_alloc(300);
	memset(block, 0, 300);
	assert_int_equal(brood_send((brood_connection *)NULL, int, 1), -EINVAL);
	assert_sentence("connection");
	assert_int_equal(brood_send((brood_connection *)(void *)block, int, 1), -EINVAL);
	assert_sentence("not to a connection");
	assert_int_equal(brood_connection_close((brood_connection *)(void *)&p), -EINVAL);
	assert_int_equal(brood_connection_close((void *)((char *)p.first + 8)), -EINVAL);
	assert_null(brood_connection_recv_as(p.first, NULL));
	assert_errno(EINVAL);
	assert_null(brood_recv((brood_connection *)NULL, int));
	assert_false(brood_connection_readable(NULL));
	assert_errno(EINVAL);
	assert_false(brood_connection_closed(NULL));
	assert_int_equal(brood_connection_open(NULL), -EINVAL);
	assert_int_equal(brood_connection_fileno(NULL), -EINVAL);
	assert_int_equal(brood_connection_recv_into(p.first, NULL, 3), -EINVAL);
	assert_int_equal(brood_connection_send_bytes(p.first, NULL, 3), -EINVAL);
	assert_int_equal(brood_connection_send_fd(p.first, -1), -EINVAL);
	assert_sentence("invalid handle");
	assert_int_equal(brood_connection_send_fd(p.first, 250), -EBADF);
	assert_sentence("250");
	assert_int_equal(brood_connection_send(p.first, BROOD_SHARE(block)), -EINVAL);
	brood_lock *lock = (brood_lock *)(void *)block;
	assert_int_equal(brood_connection_send(p.first, BROOD_VALUE(lock)), -EINVAL);
	assert_int_equal(brood_send(p.first, holder, lock), -EINVAL);
	assert_int_equal(brood_connection_send(p.first, BROOD_POINTED(job, NULL)), -EINVAL);
	brood_pipe none = brood_pipe_new_with(NULL);
	assert_null(none.first);
	assert_errno(EINVAL);
	none = brood_pipe_new_with(&(const brood_pipe_options){.size = 1});
	assert_null(none.second);
	assert_int_equal(brood_connection_free(NULL), 0);
	brood_connection *old = p.first;
	free_both(p);
	assert_int_equal(brood_connection_free(old), -EINVAL);
	assert_sentence("freed");
	brood_free(block);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_values),
		TEST(test_sizes),
		TEST(test_short_packets),
		TEST(test_wrong_message_stays),
		TEST(test_value_as_bytes),
		TEST(test_limit),
		TEST(test_one_way),
		TEST(test_end_of_file),
		TEST(test_reset_is_invisible_to_senders),
		TEST(test_closed),
		TEST(test_wrong_arguments),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
