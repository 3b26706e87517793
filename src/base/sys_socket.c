/* SPDX-License-Identifier: MIT */

#include "base/sys_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/sys.h"

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

enum { HUSH_AT_MOST = 256 };

/* Room for SYS_PASS_MAX descriptors, aligned as the kernel wants it. */
union ancillary {
	struct cmsghdr header;
	char room[CMSG_SPACE(SYS_PASS_MAX * sizeof(int))];
};

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
	CANCEL_HOLD(held);
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
	CANCEL_HOLD(held);
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
	CANCEL_HOLD(held);
	char byte;
	for (int i = 0; i < HUSH_AT_MOST; i++)
		if (recv(bell, &byte, sizeof(byte), MSG_DONTWAIT) < 0 && errno != EINTR)
			break;
}

int sys_timer(void)
{
	int fd = sys_result(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	return sys_above_standard_streams(fd);
}

void sys_wind(int timer, unsigned seconds)
{
	const struct itimerspec after = {.it_value.tv_sec = seconds};
	timerfd_settime(timer, 0, &after, NULL);
}

int sys_either(int one, int other)
{
	struct epoll_event readable = {.events = EPOLLIN};
	int fd = sys_above_standard_streams(sys_result(epoll_create1(EPOLL_CLOEXEC)));
	if (fd < 0)
		return fd;
	int r = sys_result(epoll_ctl(fd, EPOLL_CTL_ADD, one, &readable));
	if (r == 0)
		r = sys_result(epoll_ctl(fd, EPOLL_CTL_ADD, other, &readable));
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int sys_socketpair(int ret_ends[2])
{
	CANCEL_HOLD(held);
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	int first = sys_above_standard_streams(ends[0]);
	int second = sys_above_standard_streams(ends[1]);
	if (first < 0 || second < 0) {
		close(first < 0 ? second : first);
		return first < 0 ? first : second;
	}
	ret_ends[0] = first;
	ret_ends[1] = second;
	return 0;
}

int sys_send(int socket, const struct iovec *parts, size_t n_parts, const int *fds, size_t count)
{
	CANCEL_HOLD(held);
	union ancillary beside;
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
				 .msg_iovlen = n_parts};
	if (count) {
		memset(&beside, 0, CMSG_SPACE(count * sizeof(int)));
		beside.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
						 .cmsg_len = CMSG_LEN(count * sizeof(int))};
		memcpy(CMSG_DATA(&beside.header), fds, count * sizeof(int));
		message.msg_control = &beside;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
	}
	int r;
	do {
		r = sys_result(sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL));
	} while (r == -EINTR);
	return r < 0 ? r : 0;
}

/* The descriptors of what came beside a message, which are ours to close. */
static void take_descriptors(struct msghdr *message, int *fds, size_t count)
{
	size_t taken = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < came; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (taken < count)
				fds[taken++] = sys_above_standard_streams(fd);
			else
				close(fd);
		}
	}
}

ssize_t sys_receive(int socket, const struct iovec *parts, size_t n_parts, int *fds, size_t count,
		    bool peek, bool *ret_lost)
{
	CANCEL_HOLD(held);
	union ancillary beside;
	struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
				 .msg_iovlen = n_parts,
				 .msg_control = count ? &beside : NULL,
				 .msg_controllen = count ? CMSG_LEN(count * sizeof(int)) : 0};
	int flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC | (peek ? MSG_PEEK : 0);
	ssize_t r;
	do {
		r = recvmsg(socket, &message, flags);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		return -errno;
	for (size_t i = 0; i < count; i++)
		fds[i] = -1;
	if (count)
		take_descriptors(&message, fds, count);
	*ret_lost = message.msg_flags & MSG_CTRUNC;
	return r;
}

bool sys_at_end(int socket)
{
	struct pollfd other = {.fd = socket, .events = POLLRDHUP};
	int r, bytes = 0;
	do {
		r = sys_result(poll(&other, 1, 0));
	} while (r == -EINTR);
	return r == 1 && (ioctl(socket, FIONREAD, &bytes) < 0 || bytes == 0);
}

int sys_pidfd_getfd(int pidfd, int fd)
{
	return sys_above_standard_streams(sys_result(syscall(SYS_pidfd_getfd, pidfd, fd, 0)));
}

void sys_allow_tracer(pid_t pid)
{
	prctl(PR_SET_PTRACER, (unsigned long)pid, 0, 0, 0);
}

uint64_t sys_inode(int fd)
{
	struct stat file;
	return fstat(fd, &file) == 0 ? file.st_ino : 0;
}

static int write_file(int fd, const char *data, size_t size)
{
	for (off_t offset = 0; (size_t)offset < size;) {
		ssize_t r = pwrite(fd, data + offset, size - (size_t)offset, offset);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0)
			offset += r;
	}
	return 0;
}

int sys_sealed_file(const void *data, size_t size)
{
	CANCEL_HOLD(held);
	struct rlimit limit;
	/* Beyond it the kernel sends SIGXFSZ. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && size > limit.rlim_cur)
		return -EFBIG;
	int fd = sys_memfd("brood-message", size);
	if (fd < 0)
		return fd;
	int r = write_file(fd, data, size);
	if (r == 0)
		r = sys_result(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL));
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

bool sys_is_sealed_file(int fd, size_t size)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat file;
	return seals >= 0 && (seals & wanted) == wanted && fstat(fd, &file) == 0 &&
	       (uint64_t)file.st_size == size && (uint64_t)file.st_blocks >= (size + 511) / 512;
}

int sys_read_at(int fd, void *data, size_t size, off_t offset)
{
	CANCEL_HOLD(held);
	for (size_t done = 0; done < size;) {
		ssize_t r = pread(fd, (char *)data + done, size - done, offset + (off_t)done);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return -EPIPE;
		if (r > 0)
			done += (size_t)r;
	}
	return 0;
}
