/* SPDX-License-Identifier: MIT */
/*
 * What the kernel takes for a warm start: in plain C, and with nothing that could be left out. A
 * keeper, forked while the program is small, makes a sibling of its own (CLONE_PARENT), which
 * waits on a futex; the start sends it the directory and two streams, wakes it, and joins it.
 *
 * And the same with what brood promises, that a process inherits what its parent has now: between
 * waking it and letting it go the parent asks for all that the kernel hands on.
 */

#include "start.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/sched.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

enum { DESCRIPTORS = 3, AHEAD = 16 };

union room {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
};

static struct shared {
	_Atomic uint32_t wanted; /* how many were ever asked for */
	struct {
		_Atomic uint32_t parked; /* the number, from 1, of the one that has come to wait */
		_Atomic uint32_t begun;	 /* of the last that is woken */
		_Atomic uint32_t may_go; /* of the last that may go on */
		pid_t pid;
	} cells[AHEAD];
	int64_t stamp;
} * shared;

static uint32_t taken;
static int channel[2];
static int namespaces, oom_score, control_group;
static int null_descriptor;

static void sleep_until(_Atomic uint32_t *word, uint32_t value)
{
	uint32_t seen;
	while ((seen = *word) < value)
		syscall(SYS_futex, word, FUTEX_WAIT, seen, NULL, NULL, 0);
}

static void raise_word(_Atomic uint32_t *word, uint32_t value)
{
	*word = value;
	syscall(SYS_futex, word, FUTEX_WAKE, 2, NULL, NULL, 0);
}

/* Sees to it that so many wait, or are going to. */
static void want(uint32_t count)
{
	if (taken + count > shared->wanted)
		raise_word(&shared->wanted, taken + count);
}

static void message(struct msghdr *ret, struct iovec *part, union room *room)
{
	static char byte;
	*part = (struct iovec){&byte, 1};
	*ret = (struct msghdr){.msg_iov = part,
			       .msg_iovlen = 1,
			       .msg_control = room,
			       .msg_controllen = sizeof(*room)};
}

static void take_descriptors(void)
{
	struct msghdr order;
	struct iovec part;
	union room room;
	int fds[DESCRIPTORS];
	message(&order, &part, &room);
	if (recvmsg(channel[1], &order, MSG_CMSG_CLOEXEC) != 1)
		_exit(1);
	memcpy(fds, CMSG_DATA(&room.header), sizeof(fds));
	if (fchdir(fds[0]) != 0 || dup2(fds[1], 1) < 0 || dup2(fds[2], 2) < 0)
		_exit(1);
	for (int i = 0; i < DESCRIPTORS; i++)
		close(fds[i]);
}

static void park(uint32_t number)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	shared->cells[number % AHEAD].pid = (pid_t)syscall(SYS_getpid);
	raise_word(&shared->cells[number % AHEAD].parked, number);
	sleep_until(&shared->cells[number % AHEAD].begun, number);
	take_descriptors();
	prctl(PR_SET_NAME, "Process-1");
	sleep_until(&shared->cells[number % AHEAD].may_go, number);
	shared->stamp = clock_ns();
	exit(0);
}

static void keep(pid_t parent)
{
	const struct timespec a_while = {.tv_sec = 1};
	for (uint32_t number = 1;; number++) {
		while (shared->wanted < number)
			if (syscall(SYS_futex, &shared->wanted, FUTEX_WAIT, number - 1, &a_while,
				    NULL, 0) < 0 &&
			    getppid() != parent)
				_exit(0);
		if (syscall(SYS_clone, CLONE_PARENT, NULL, NULL, NULL, NULL) == 0)
			park(number);
	}
}

static bool send_descriptors(void)
{
	struct msghdr order;
	struct iovec part;
	union room room;
	int folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fds[DESCRIPTORS] = {folder, null_descriptor, null_descriptor};
	message(&order, &part, &room);
	room.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS,
				       .cmsg_len = CMSG_LEN(sizeof(fds))};
	memcpy(CMSG_DATA(&room.header), fds, sizeof(fds));
	bool sent = sendmsg(channel[0], &order, 0) == 1;
	close(folder);
	return sent;
}

void floor_begin(void)
{
	void *memory = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	namespaces = open("/proc/self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	oom_score = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	control_group = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	null_descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (memory == MAP_FAILED || null_descriptor < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0)
		exit(1);
	shared = memory;
	pid_t parent = getpid();
	if (fork() == 0)
		keep(parent);
	want(1);
}

/* As few calls as it can be done by; of /proc only what nothing else tells. */
static void look(void)
{
	static const char *const names[] = {
		"user", "net", "ipc", "uts", "cgroup", "pid_for_children", "time_for_children"};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2];
	struct rlimit limit;
	struct statx root;
	unsigned char room[4096];
	uid_t ids[3];
	for (int i = 0; i < (int)RLIMIT_NLIMITS; i++)
		syscall(SYS_getrlimit, i, &limit);
	getpgid(0);
	getsid(0);
	syscall(SYS_ioprio_get, 1, 0);
	prctl(PR_GET_TIMERSLACK);
	personality(0xffffffff);
	syscall(SYS_sched_getattr, 0, room, 56, 0);
	syscall(SYS_sched_getaffinity, 0, 128, room);
	getresuid(&ids[0], &ids[1], &ids[2]);
	getresgid(&ids[0], &ids[1], &ids[2]);
	syscall(SYS_capget, &header, sets);
	for (int i = 0; sets[0].permitted & 1U << CAP_SETPCAP; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) < 0)
			break;
	prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_GET_SECCOMP);
	getgroups(sizeof(room) / sizeof(gid_t), (gid_t *)(void *)room);
	umask(umask(0));
	statx(AT_FDCWD, "/", 0, STATX_INO | STATX_MNT_ID, &root);
	for (int i = 0; i < (sets[0].permitted & 1U << CAP_SYS_ADMIN ? 7 : 1); i++)
		readlinkat(namespaces, names[i], (char *)room, sizeof(room));
	pread(oom_score, room, sizeof(room), 0);
	pread(control_group, room, sizeof(room), 0);
}

/* Waits for it, wakes it and sends what it waits for. Returns a pidfd, or -1. */
static int take_next(bool looking)
{
	uint32_t number = ++taken;
	sleep_until(&shared->cells[number % AHEAD].parked, number);
	int fd = (int)syscall(SYS_pidfd_open, shared->cells[number % AHEAD].pid, 0);
	if (fd < 0 || !send_descriptors())
		return -1;
	raise_word(&shared->cells[number % AHEAD].begun, number);
	if (looking)
		look();
	raise_word(&shared->cells[number % AHEAD].may_go, number);
	return fd;
}

static bool join(int fd)
{
	siginfo_t info;
	bool joined = waitid((idtype_t)P_PIDFD, (id_t)fd, &info, WEXITED | __WALL) == 0;
	close(fd);
	return joined;
}

static bool once(struct sample *ret, bool looking)
{
	want(1);
	sleep_until(&shared->cells[(taken + 1) % AHEAD].parked, taken + 1);
	int64_t begun = clock_ns();
	if (!join(take_next(looking)))
		return false;
	*ret = (struct sample){.first = shared->stamp - begun, .whole = clock_ns() - begun};
	want(1);
	return true;
}

bool floor_warm_once(struct sample *ret)
{
	return once(ret, false);
}

bool floor_looking_once(struct sample *ret)
{
	return once(ret, true);
}

bool floor_warm_burst(int count)
{
	static int started[MAX_BURST];
	bool all = true;
	for (int i = 0; i < count; i++) {
		want(AHEAD);
		started[i] = take_next(false);
	}
	for (int i = 0; i < count; i++)
		all &= join(started[i]);
	return all;
}
