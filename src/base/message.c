/* SPDX-License-Identifier: MIT */

#include "base/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/raw.h"
#include "base/sys.h"

/* Room for the descriptors of one message, aligned as the kernel wants it. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(MESSAGE_MAX_FDS * sizeof(int))];
};

int message_pair(int ret_ends[2])
{
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		ends[i] = sys_above_standard_streams(ends[i]);
	if (ends[0] < 0 || ends[1] < 0) {
		int r = ends[0] < 0 ? ends[0] : ends[1];
		close(ends[0] < 0 ? ends[1] : ends[0]);
		return r;
	}
	memcpy(ret_ends, ends, sizeof(ends));
	return 0;
}

int message_send(int fd, const void *data, size_t size, const int *fds, int n)
{
	union control control = {0};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (n > 0) {
		message.msg_control = control.room;
		message.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
		memcpy(CMSG_DATA(header), fds, (size_t)n * sizeof(int));
	}
	ssize_t r;
	do {
		r = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

NEWBORN static int take_descriptors(struct msghdr *message, int *fds)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
		return 0;
	const int *sent = (const void *)CMSG_DATA(header);
	int n = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (int i = 0; i < n; i++)
		fds[i] = sent[i];
	return n;
}

/* Some may be lost by that. */
NEWBORN static int move_above_standard_streams(int *fds, int n)
{
	int r = 0;
	for (int i = 0; i < n; i++)
		if ((fds[i] = sys_above_standard_streams(fds[i])) < 0)
			r = fds[i];
	return r;
}

NEWBORN int message_receive(int fd, void *data, size_t size, int *fds, int *ret_n, int flags)
{
	union control control = {0};
	struct iovec part = {.iov_base = data, .iov_len = size};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = sizeof(control.room)};
	long r;
	do {
		r = raw_syscall(SYS_recvmsg, fd, (long)&message, MSG_CMSG_CLOEXEC | flags, 0);
	} while (r == -EINTR);
	if (r < 0)
		return r == -ECONNRESET ? 0 : (int)r;
	int taken = take_descriptors(&message, fds);
	int moved = move_above_standard_streams(fds, taken);
	if (moved == 0 && r > 0 && (size_t)r == size &&
	    !(message.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
		*ret_n = taken;
		return 1;
	}
	for (int i = 0; i < taken; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (r == 0)
		return 0;
	return moved < 0 ? moved : message.msg_flags & MSG_CTRUNC ? -EMFILE : -EBADMSG;
}
