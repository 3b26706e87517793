/* SPDX-License-Identifier: MIT */

#include "peers.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "brood/brood.h"

void check(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
}

/* brood: a queue for one type, a struct of so many bytes. */

typedef struct {
	char data[8];
} bytes_8;
typedef struct {
	char data[64];
} bytes_64;
typedef struct {
	char data[1024];
} bytes_1k;
typedef struct {
	char data[65536];
} bytes_64k;
typedef struct {
	char data[LARGEST];
} bytes_1m;
BROOD_TYPE(bytes_8, data);
BROOD_TYPE(bytes_64, data);
BROOD_TYPE(bytes_1k, data);
BROOD_TYPE(bytes_64k, data);
BROOD_TYPE(bytes_1m, data);

static const brood_type *type_for(size_t size)
{
	switch (size) {
	case sizeof(bytes_8):
		return &brood_type_bytes_8;
	case sizeof(bytes_64):
		return &brood_type_bytes_64;
	case sizeof(bytes_1k):
		return &brood_type_bytes_1k;
	case sizeof(bytes_64k):
		return &brood_type_bytes_64k;
	default:
		return &brood_type_bytes_1m;
	}
}

static brood_queue *queues[CHANNELS];
static const brood_type *type;

static bool queue_open(int channel, size_t size, bool many)
{
	(void)many;
	type = type_for(size);
	queues[channel] = brood_must(brood_queue_new(.max = (size_t)room_for(size), .type = type));
	return true;
}

static void queue_send(int channel, const void *message, size_t size)
{
	(void)size;
	brood_must(brood_put_value(queues[channel], brood_value_at(type, message)));
}

static void queue_receive(int channel, void *message, size_t size)
{
	(void)size;
	brood_must(brood_get_into_as(queues[channel], type, message));
}

/* Copied into the heap as before, taken by pointer. */
static void pointer_receive(int channel, void *message, size_t size)
{
	(void)message, (void)size;
	brood_free(brood_must(brood_get_as(queues[channel], type)));
}

/* Only passed: as many blocks as there is room for go round, to the taker and back. Each is written
 * and read where it is, which is not measured. */

static brood_queue *emptied[CHANNELS];

static bool place_open(int channel, size_t size, bool many)
{
	queue_open(channel, size, many);
	emptied[channel] = brood_must(brood_queue_new(.type = type));
	for (int i = 0; i < ROOM_LARGE; i++)
		brood_must(brood_commit(emptied[channel],
					brood_must(brood_reserve_as(emptied[channel], type))));
	return true;
}

static void place_send(int channel, const void *message, size_t size)
{
	(void)message, (void)size;
	void *place = brood_must(brood_get_as(emptied[channel], type));
	brood_must(brood_commit(queues[channel], place));
}

static void place_receive(int channel, void *message, size_t size)
{
	(void)message, (void)size;
	void *place = brood_must(brood_get_as(queues[channel], type));
	brood_must(brood_commit(emptied[channel], place));
}

static void place_close(int channel)
{
	brood_must(brood_queue_free(queues[channel]));
	brood_must(brood_queue_free(emptied[channel]));
}

static void queue_close(int channel)
{
	brood_must(brood_queue_free(queues[channel]));
}

/* Descriptors: a pipe, a socket pair. */

static int ends[CHANNELS][2];

static bool pipe_open(int channel, size_t size, bool many)
{
	if (many && size > PIPE_BUF) /* larger ones may be cut into one another */
		return false;
	check(pipe2(ends[channel], O_CLOEXEC), "pipe2");
	fcntl(ends[channel][1], F_SETPIPE_SZ, 1 << 20);
	return true;
}

static void fd_send(int channel, const void *message, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t r = write(ends[channel][1], (const char *)message + done, size - done);
		check(r, "write");
		done += (size_t)r;
	}
}

static void fd_receive(int channel, void *message, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t r = read(ends[channel][0], (char *)message + done, size - done);
		check(r > 0 ? r : -1, "read");
		done += (size_t)r;
	}
}

static void fd_close(int channel)
{
	close(ends[channel][0]);
	close(ends[channel][1]);
}

static bool seqpacket_open(int channel, size_t size, bool many)
{
	(void)many;
	check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends[channel]), "socketpair");
	void *probe = calloc(1, size);
	bool fits = send(ends[channel][1], probe, size, MSG_DONTWAIT) == (ssize_t)size;
	if (fits)
		check(recv(ends[channel][0], probe, size, 0), "recv");
	else
		fd_close(channel);
	free(probe);
	return fits;
}

/* POSIX message queues, as deep as the system lets them be. */

static mqd_t mq[CHANNELS];

static bool mq_open_one(int channel, size_t size, bool many)
{
	char name[64];
	struct mq_attr attributes = {.mq_maxmsg = 10, .mq_msgsize = (long)size};
	(void)many;
	snprintf(name, sizeof(name), "/brood-bench-%d-%d", (int)getpid(), channel);
	mq[channel] = mq_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, &attributes);
	mq_unlink(name);
	return mq[channel] != (mqd_t)-1;
}

static void mq_send_one(int channel, const void *message, size_t size)
{
	check(mq_send(mq[channel], message, size, 0), "mq_send");
}

static void mq_receive_one(int channel, void *message, size_t size)
{
	check(mq_receive(mq[channel], message, size, NULL), "mq_receive");
}

static void mq_close_one(int channel)
{
	mq_close(mq[channel]);
}

/* A place for one message, and a futex that says whether there is one. */

static struct place {
	_Atomic uint32_t full;
	char message[64];
} * place[CHANNELS];

static bool futex_open(int channel, size_t size, bool many)
{
	if (many || size > sizeof(place[0]->message))
		return false;
	place[channel] = mmap(NULL, sizeof(struct place), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return place[channel] != MAP_FAILED;
}

static void futex_send(int channel, const void *message, size_t size)
{
	memcpy(place[channel]->message, message, size);
	place[channel]->full = 1;
	syscall(SYS_futex, &place[channel]->full, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void wait_and_receive(int channel, void *message, size_t size, const struct timespec *most)
{
	while (!place[channel]->full)
		syscall(SYS_futex, &place[channel]->full, FUTEX_WAIT, 0, most, NULL, 0);
	memcpy(message, place[channel]->message, size);
	place[channel]->full = 0;
}

static void futex_receive(int channel, void *message, size_t size)
{
	wait_and_receive(channel, message, size, NULL);
}

static void futex_nap_receive(int channel, void *message, size_t size)
{
	wait_and_receive(channel, message, size, &(struct timespec){.tv_nsec = 50000000});
}

static void futex_close(int channel)
{
	munmap(place[channel], sizeof(struct place));
}

const peer peer_futex = {
	.name = "futex, bare",
	.open = futex_open,
	.send = futex_send,
	.receive = futex_receive,
	.close = futex_close,
};

const peer peer_futex_nap = {
	.name = "futex, for 50 ms at most",
	.open = futex_open,
	.send = futex_send,
	.receive = futex_nap_receive,
	.close = futex_close,
};

static const peer queue = {
	.name = "brood",
	.open = queue_open,
	.send = queue_send,
	.receive = queue_receive,
	.close = queue_close,
};
static const peer by_pointer = {
	.name = "brood, by pointer",
	.open = queue_open,
	.send = queue_send,
	.receive = pointer_receive,
	.close = queue_close,
};
static const peer in_place = {
	.name = "brood, in place",
	.open = place_open,
	.send = place_send,
	.receive = place_receive,
	.close = place_close,
	.even = true,
};
static const peer pipe_peer = {
	.name = "pipe",
	.open = pipe_open,
	.send = fd_send,
	.receive = fd_receive,
	.close = fd_close,
};
static const peer seqpacket = {
	.name = "SOCK_SEQPACKET",
	.open = seqpacket_open,
	.send = fd_send,
	.receive = fd_receive,
	.close = fd_close,
};
static const peer posix = {
	.name = "POSIX mq",
	.open = mq_open_one,
	.send = mq_send_one,
	.receive = mq_receive_one,
	.close = mq_close_one,
};

const peer *const peers[] = {
	&queue,	      &by_pointer, &in_place, &pipe_peer, &seqpacket, &posix,
#ifdef HAVE_BOOST
	&peer_boost,
#endif
#ifdef HAVE_ZEROMQ
	&peer_zeromq,
#endif
#ifdef HAVE_NNG
	&peer_nng,
#endif
};
const int n_peers = sizeof(peers) / sizeof(peers[0]);
