/* SPDX-License-Identifier: MIT */
/* The other side of a pipe is a program that means no good: it is refused, and no more. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/sys_socket.h"
#include "pipe/connection.h"
#include "pipe/wire.h"

typedef struct job {
	int id;
	const char *path;
} job;
BROOD_TYPE(job, id, path);

typedef struct scene {
	brood_pipe pipe;
	int enemy; /* the other side's socket */
} scene;

static scene begin(void)
{
	scene s = {.pipe = brood_pipe_new()};
	s.enemy = brood_connection_fileno(s.pipe.second);
	return s;
}

/* A whole message still comes through. */
static void finish(scene *s)
{
	assert_int_equal(brood_send(s->pipe.second, int, 1), 0);
	int *number = brood_recv_nowait(s->pipe.first, int);
	if (!number)
		fail_msg("%s", brood_error());
	brood_free(number);
	brood_connection_free(s->pipe.first);
	brood_connection_free(s->pipe.second);
}

static void attack(const scene *s, const void *packet, size_t size, const int *fds, size_t count)
{
	const struct iovec part = {(void *)(uintptr_t)packet, size};
	assert_int_equal(sys_send(s->enemy, &part, 1, fds, count), 0);
}

static void attack_with(const scene *s, uint32_t kind, uint64_t size, const void *inside,
			size_t inside_size, int fd)
{
	unsigned char packet[256];
	const wire_header header = {.magic = WIRE_MAGIC, .kind = kind, .size = size};
	memcpy(packet, &header, sizeof(header));
	if (inside_size)
		memcpy(packet + sizeof(header), inside, inside_size);
	attack(s, packet, sizeof(header) + inside_size, &fd, fd >= 0);
}

static void assert_refused(const scene *s, int expected)
{
	brood_bytes *m = brood_connection_recv_bytes_nowait(s->pipe.first, 0);
	assert_null(m);
	assert_int_equal(errno, expected);
}

static void test_garbage(void **state)
{
	(void)state;
	scene s = begin();
	char garbage[70000];
	memset(garbage, 0xa5, sizeof(garbage));
	for (size_t size = 1; size <= sizeof(garbage); size = size * 3 + 1) {
		attack(&s, garbage, size, NULL, 0);
		assert_refused(&s, EPROTO);
		assert_sentence("refused");
	}
	/* A packet longer than any, that begins well. */
	const wire_header header = {.magic = WIRE_MAGIC, .kind = WIRE_BYTES, .size = 69984};
	memcpy(garbage, &header, sizeof(header));
	attack(&s, garbage, sizeof(garbage), NULL, 0);
	assert_refused(&s, EPROTO);
	finish(&s);
}

/* An empty packet is not the end. */
static void test_empty(void **state)
{
	(void)state;
	scene s = begin();
	const int null = sys_null();
	attack(&s, "", 0, NULL, 0);
	attack(&s, "", 0, &null, 1);
	for (int i = 0; i < 2; i++) {
		assert_refused(&s, EPROTO);
		assert_sentence("refused");
	}
	assert_refused(&s, ETIMEDOUT);
	/* Nor when the enemy has gone, unless nothing else is behind it. */
	attack(&s, "", 0, NULL, 0);
	assert_int_equal(brood_send(s.pipe.second, int, 1), 0);
	attack(&s, "", 0, NULL, 0);
	brood_connection_close(s.pipe.second);
	assert_refused(&s, EPROTO);
	int *number = brood_recv_nowait(s.pipe.first, int);
	assert_non_null(number);
	brood_free(number);
	assert_refused(&s, EPIPE);
	brood_connection_free(s.pipe.first);
	brood_connection_free(s.pipe.second);
}

static void test_wrong_headers(void **state)
{
	(void)state;
	scene s = begin();
	attack_with(&s, WIRE_BYTES, UINT64_MAX, "abc", 3, -1);
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_BYTES, 2, "abc", 3, -1);
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_BYTES, 3, "abc", 3, STDIN_FILENO);
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_DESCRIPTOR, 0, NULL, 0, -1);
	assert_int_equal(brood_connection_recv_fd_nowait(s.pipe.first), -EPROTO);
	attack_with(&s, WIRE_DESCRIPTOR, 3, "abc", 3, STDIN_FILENO);
	assert_int_equal(brood_connection_recv_fd_nowait(s.pipe.first), -EPROTO);
	attack_with(&s, WIRE_CONNECTION, 3, "abc", 3, STDIN_FILENO);
	assert_null(brood_recv_nowait(s.pipe.first, brood_connection_handle));
	assert_int_equal(errno, EPROTO);
	attack_with(&s, 99, 3, "abc", 3, -1);
	assert_refused(&s, EPROTO);
	finish(&s);
}

/* What should hold the rest of a long message. */
static void test_false_files(void **state)
{
	(void)state;
	const uint64_t huge = UINT64_C(1) << 40;
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	scene s = begin();
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	int unsealed = memfd_create("enemy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(unsealed, 1000), 0);
	int hole = memfd_create("enemy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(hole, (off_t)huge), 0);
	assert_int_equal(fcntl(hole, F_ADD_SEALS, seals), 0);
	int whole = sys_sealed_file("0123456789", 10);

	attack_with(&s, WIRE_BYTES, 1000, NULL, 0, ends[0]);
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_BYTES, 1000, NULL, 0, unsealed);
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_BYTES, huge, NULL, 0, hole); /* would take all memory */
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_BYTES, 11, NULL, 0, whole);
	assert_refused(&s, EPROTO);
	attack_with(&s, WIRE_BYTES, UINT64_MAX, NULL, 0, whole);
	assert_refused(&s, EPROTO);

	attack_with(&s, WIRE_BYTES, 12, "ab", 2, whole); /* just right */
	brood_bytes *m = brood_connection_recv_bytes(s.pipe.first, 0);
	assert_memory_equal(m->data, "ab0123456789", 12);
	brood_free(m);
	close(whole);
	close(hole);
	close(unsealed);
	close(ends[0]);
	close(ends[1]);
	finish(&s);
}

static void test_too_many_descriptors(void **state)
{
	(void)state;
	scene s = begin();
	const int many[5] = {0, 0, 0, 0, 0};
	const wire_header header = {.magic = WIRE_MAGIC, .kind = WIRE_DESCRIPTOR};
	attack(&s, &header, sizeof(header), many, 5);
	assert_int_equal(brood_connection_recv_fd(s.pipe.first), -EPROTO);
	finish(&s);
}

static void test_false_connections(void **state)
{
	(void)state;
	scene s = begin();
	brood_pipe other = brood_pipe_new();
	char local[16];
	void *block = brood_calloc(1, 300);
	const wire_connection false_ones[] = {
		{.address = 0, .id = 1},
		{.address = (uintptr_t)local, .id = 1},
		{.address = UINT64_MAX, .id = 1},
		{.address = (uintptr_t)block, .id = 0},
		{.address = (uintptr_t)other.first, .id = 1},
		{.address = (uintptr_t)other.first + 8, .id = other.first->port.id},
		{.address = (uintptr_t)other.first, .id = other.first->port.id},
	};
	for (size_t i = 0; i < sizeof(false_ones) / sizeof(false_ones[0]); i++) {
		attack_with(&s, WIRE_CONNECTION, sizeof(wire_connection), &false_ones[i],
			    sizeof(false_ones[i]), STDIN_FILENO);
		assert_null(brood_recv_nowait(s.pipe.first, brood_connection_handle));
		assert_int_equal(errno, EBADMSG);
	}
	brood_connection_free(other.first);
	brood_connection_free(other.second);
	brood_free(block);
	finish(&s);
}

/* A value that is damaged anywhere is refused or, where its type is, stays and is no job. */
static void test_damaged_values(void **state)
{
	(void)state;
	scene s = begin();
	void *dump;
	size_t size;
	assert_int_equal(brood_dump(BROOD_ARGS(job, .id = 1, .path = "p"), &dump, &size), 0);
	for (size_t i = 0; i < size; i++) {
		((unsigned char *)dump)[i] ^= 0x40;
		brood_connection_send_bytes(s.pipe.second, dump, size);
		assert_null(brood_recv_nowait(s.pipe.first, job));
		assert_int_equal(errno, EBADMSG);
		brood_free(brood_connection_recv_bytes_nowait(s.pipe.first, 0));
		((unsigned char *)dump)[i] ^= 0x40;
	}
	for (size_t cut = 0; cut < size; cut++) {
		brood_connection_send_bytes(s.pipe.second, dump, cut);
		assert_null(brood_recv_nowait(s.pipe.first, job));
		assert_int_equal(errno, EBADMSG);
		brood_free(brood_connection_recv_bytes_nowait(s.pipe.first, 0));
	}
	free(dump);
	finish(&s);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_garbage),
		TEST(test_empty),
		TEST(test_wrong_headers),
		TEST(test_false_files),
		TEST(test_too_many_descriptors),
		TEST(test_false_connections),
		TEST(test_damaged_values),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
