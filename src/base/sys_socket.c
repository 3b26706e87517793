/* SPDX-License-Identifier: MIT */

#include "base/sys_socket.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"

enum { HUSH_AT_MOST = 256 };

uint64_t sys_random(void)
{
	uint64_t number = 0;
	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
		number = (uint64_t)clock_now() << 24 ^ (uint64_t)sys_gettid();
	return number ? number : 1;
}

static socklen_t name_of(uint64_t id, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	int length = snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1, "brood-bell-%016llx",
			      (unsigned long long)id);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length);
}

static int datagram_socket(void)
{
	int fd = sys_result(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	return sys_above_standard_streams(fd);
}

int sys_bell(uint64_t id)
{
	struct sockaddr_un name;
	socklen_t length = name_of(id, &name);
	int fd = datagram_socket();
	if (fd < 0)
		return fd;
	if (bind(fd, (const struct sockaddr *)&name, length) < 0) {
		int err = errno;
		close(fd);
		return -err;
	}
	return fd;
}

int sys_ring(uint64_t id)
{
	struct sockaddr_un name;
	socklen_t length = name_of(id, &name);
	int fd = datagram_socket();
	if (fd < 0)
		return fd;
	int r;
	do {
		r = sys_result(sendto(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
				      (const struct sockaddr *)&name, length));
	} while (r == -EINTR);
	close(fd);
	return r < 0 ? r : 0;
}

/* Not until it is empty: anybody may send, and could keep it from being so. */
void sys_hush(int bell)
{
	char byte;
	for (int i = 0; i < HUSH_AT_MOST; i++)
		if (recv(bell, &byte, sizeof(byte), MSG_DONTWAIT) < 0 && errno != EINTR)
			break;
}
