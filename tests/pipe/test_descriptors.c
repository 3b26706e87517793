/* SPDX-License-Identifier: MIT */
/* Descriptors and ends as messages, and what is left when there are no more descriptors. */

#include "support.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_same_file(int a, int b)
{
	struct stat one, other;
	return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_ino == other.st_ino &&
	       one.st_dev == other.st_dev;
}

static void test_descriptors(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	int high = fcntl(file, F_DUPFD_CLOEXEC, 200);
	assert_int_equal(brood_connection_send_fd(p.first, file), 0);
	assert_int_equal(brood_connection_send_fd(p.first, high), 0);
	close(high);
	for (int i = 0; i < 2; i++) {
		int fd = brood_connection_recv_fd(p.second);
		assert_true(fd >= 0);
		assert_true(is_same_file(fd, file));
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		close(fd);
	}
	close(file);
	free_both(p);
}

static void test_no_descriptor_left(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	static const char data[100000];
	int full[1024], n = 0;
	assert_int_equal(brood_connection_send_fd(p.first, 0), 0);
	assert_int_equal(brood_connection_send_bytes(p.first, data, sizeof(data)), 0);
	while (n < 1024 && (full[n] = dup(STDERR_FILENO)) >= 0)
		n++;
	assert_int_equal(brood_connection_recv_fd(p.second), -EMFILE);
	assert_sentence("ulimit -n");
	assert_int_equal(brood_connection_send_bytes(p.first, data, sizeof(data)), -EMFILE);
	brood_pipe none = brood_pipe_new();
	assert_null(none.first);
	assert_errno(EMFILE);
	close(full[--n]);
	none = brood_pipe_new(); /* two are needed */
	assert_null(none.first);
	int fd = brood_connection_recv_fd(p.second);
	assert_true(fd >= 0);
	assert_null(brood_connection_recv_bytes(p.second, 0));
	assert_errno(EMFILE);
	close(fd);
	brood_bytes *m = brood_connection_recv_bytes(p.second, 0);
	assert_non_null(m);
	brood_free(m);
	while (n > 0)
		close(full[--n]);
	free_both(p);
}

static void test_beyond_file_size_limit(void **state)
{
	(void)state;
	brood_pipe p = two_way();
	struct rlimit before, limit;
	static const char data[200000];
	getrlimit(RLIMIT_FSIZE, &before);
	limit = before;
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &limit);
	int r = brood_connection_send_bytes(p.first, data, sizeof(data));
	setrlimit(RLIMIT_FSIZE, &before);
	assert_int_equal(r, -EFBIG);
	assert_sentence("ulimit -f");
	free_both(p);
}

static void test_end_through_a_pipe(void **state)
{
	(void)state;
	brood_pipe p = two_way(), q = two_way();
	assert_int_equal(brood_connection_send(p.first, BROOD_VALUE(q.second)), 0);
	assert_null(brood_recv(p.second, int));
	assert_sentence("brood_connection_handle");
	brood_connection_close(q.second);
	assert_true(brood_connection_closed(q.second));
	brood_connection *end = brood_recv(p.second, brood_connection_handle);
	assert_ptr_equal(end, q.second);
	assert_false(brood_connection_closed(q.second));
	brood_send(q.first, int, 4);
	int *number = brood_recv(end, int);
	assert_int_equal(*number, 4);
	brood_free(number);
	free_both(q);
	free_both(p);
}

int main(int argc, char **argv)
{
	brood_init();
	struct rlimit limit = {.rlim_cur = 250, .rlim_max = 250};
	setrlimit(RLIMIT_NOFILE, &limit);
	const struct CMUnitTest tests[] = {
		TEST(test_descriptors),
		TEST(test_no_descriptor_left),
		TEST(test_beyond_file_size_limit),
		TEST(test_end_through_a_pipe),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
