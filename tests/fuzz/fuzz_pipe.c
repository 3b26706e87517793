/* SPDX-License-Identifier: MIT */

/*
 * Receives what an enemy sends in every way there is: whatever comes, each call says what it
 * found, everything is taken in the end, and nothing is left open or allocated.
 */

#include "fuzz_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/sys_socket.h"
#include "brood/heap.h"
#include "brood/pipe.h"
#include "replay.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

static size_t blocks(void)
{
	brood_heap_stats stats = {0};
	require(brood_heap_stats_get(&stats) == 0);
	return stats.blocks;
}

static int in_memory(size_t size, bool hole, bool sealed)
{
	static const char bytes[256];
	int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	require(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
	require(hole || pwrite(fd, bytes, size, 0) == (ssize_t)size);
	if (sealed)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	return fd;
}

static size_t beside(const fuzz_packet *packet, int enemy, int fds[3])
{
	switch (packet->beside % BESIDES) {
	case BESIDE_NOTHING:
		return 0;
	case BESIDE_SEALED:
		fds[0] = in_memory(packet->rest, false, true);
		return 1;
	case BESIDE_UNSEALED:
		fds[0] = in_memory(packet->rest, false, false);
		return 1;
	case BESIDE_HOLE:
		fds[0] = in_memory((size_t)packet->rest << 32, true, true);
		return 1;
	case BESIDE_SOCKET:
		fds[0] = dup(enemy);
		return 1;
	case BESIDE_SEVERAL:
		for (int i = 0; i < 3; i++)
			fds[i] = dup(sys_null());
		return 3;
	default:
		fds[0] = dup(sys_null());
		return 1;
	}
}

/* The next packet of an input; false when there is none, or it does not fit any more. */
static bool send_packet(int enemy, const uint8_t **data, size_t *size)
{
	fuzz_packet packet;
	int fds[3];
	if (*size < sizeof(packet))
		return false;
	memcpy(&packet, *data, sizeof(packet));
	*data += sizeof(packet);
	*size -= sizeof(packet);
	const struct iovec part = {(void *)(uintptr_t)*data,
				   packet.length < *size ? packet.length : *size};
	*data += part.iov_len;
	*size -= part.iov_len;
	size_t n = beside(&packet, enemy, fds);
	int r = sys_send(enemy, &part, 1, fds, n);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	return r == 0;
}

static bool known(int err)
{
	return err == 0 || err == EPROTO || err == EBADMSG || err == EMSGSIZE || err == ETIMEDOUT;
}

static void receive(brood_connection *c)
{
	char buffer[16];
	ball *value = brood_recv_nowait(c, ball);
	require(value || known(errno));
	if (value && value->n_radii)
		require(value->radii[value->n_radii - 1] != 0.12345);
	brood_free(value);
	require(brood_recv_nowait(c, brood_connection_handle) || known(errno));
	int fd = brood_connection_recv_fd_nowait(c);
	require(fd >= 0 || known(-fd));
	sys_close(fd);
	long long r = brood_connection_recv_into_nowait(c, buffer, sizeof(buffer));
	require(r >= 0 ? r <= 16 : known((int)-r));
	brood_bytes *m = brood_connection_recv_bytes_nowait(c, 0);
	require(m ? !m->size || m->data : known(errno));
	brood_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t before = blocks();
	brood_pipe p = brood_pipe_new(.max_message = 1 << 20);
	require(p.first != NULL);
	int enemy = brood_connection_fileno(p.second);
	int spare = dup(sys_null());
	close(spare);
	while (send_packet(enemy, &data, &size))
		receive(p.first);
	/* A value of a type not asked for here, or too long a message, may stay. */
	for (int i = 0; i < 4; i++)
		receive(p.first);
	brood_connection_free(p.first);
	brood_connection_free(p.second);
	require(blocks() == before);
	int again = dup(sys_null());
	require(again <= spare);
	close(again);
	return 0;
}
