/* SPDX-License-Identifier: MIT */
/*
 * Asked at every start by the fork server, while the new process wakes up. System calls take a
 * tenth of a microsecond, each file in /proc several; so /proc is asked only for what it alone
 * knows: the namespaces, the control group, the oom score; beside other threads also the umask,
 * which cannot be read otherwise without changing it, and under seccomp the number of filters.
 */

#include "process/surroundings.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/raw.h"
#include "base/sys.h"

/* glibc's, from 2.32 on. */
extern char __libc_single_threaded __attribute__((weak));

enum { IO_PRIORITY_OF_PROCESS = 1, MOST_GROUPS = 256 };
#define PERSONALITY_ASK 0xffffffffUL

_Static_assert((int)RLIMIT_NLIMITS == SURROUNDINGS_LIMITS, "all limits are looked at");

static bool take_groups(surroundings *to)
{
	gid_t groups[MOST_GROUPS];
	int n = getgroups(MOST_GROUPS, groups);
	to->groups = (uint64_t)n;
	for (int i = 0; i < n; i++)
		to->groups = (to->groups ^ groups[i]) * UINT64_C(0x100000001b3);
	return n >= 0;
}

static uint64_t ask_for_each(int option, long first, bool second_counts)
{
	uint64_t set = 0;
	for (int capability = 0; capability < 64; capability++) {
		long r = second_counts ? prctl(option, first, capability, 0, 0)
				       : prctl(option, capability, 0, 0, 0);
		if (r < 0)
			break; /* the kernel's last was the one before */
		set |= (uint64_t)(r > 0) << capability;
	}
	return set;
}

/* Its permitted set: what is not in there can only be got back by exec, or in another user
 * namespace. */
static bool may(const surroundings *s, unsigned capability)
{
	return s->capabilities[1 + 3 * (capability / 32)] & UINT32_C(1) << capability % 32;
}

static bool take_privileges(surroundings *to)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	getresuid(&to->user[0], &to->user[1], &to->user[2]);
	getresgid(&to->group_ids[0], &to->group_ids[1], &to->group_ids[2]);
	raw_syscall(SYS_capget, (long)&header, (long)data, 0, 0);
	_Static_assert(sizeof(data) == sizeof(to->capabilities), "three sets of 64");
	memcpy(to->capabilities, data, sizeof(data));
	if (may(to, CAP_SETPCAP))
		to->bounding = ask_for_each(PR_CAPBSET_READ, 0, false);
	if (data[0].inheritable || data[1].inheritable) /* it is within these */
		to->ambient = ask_for_each(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, true);
	to->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	to->seccomp = prctl(PR_GET_SECCOMP);
	return take_groups(to);
}

/* The call for oneself costs half of the call for any process, which is getrlimit() in glibc. */
static void take_limit(int which, struct rlimit *ret)
{
#ifdef SYS_getrlimit
	_Static_assert(sizeof(ret->rlim_cur) == sizeof(long), "as the kernel has it");
	raw_syscall(SYS_getrlimit, which, (long)ret, 0, 0);
#else
	getrlimit((__rlimit_resource_t)which, ret);
#endif
}

static void take_values(surroundings *to)
{
	to->group = getpgid(0);
	to->session = getsid(0);
	to->io_priority = (int)raw_syscall(SYS_ioprio_get, IO_PRIORITY_OF_PROCESS, 0, 0, 0);
	to->timer_slack = prctl(PR_GET_TIMERSLACK);
	to->personality = personality(PERSONALITY_ASK);
	raw_syscall(SYS_sched_getattr, 0, (long)to->scheduling, sizeof(to->scheduling), 0);
	raw_syscall(SYS_sched_getaffinity, 0, sizeof(to->processors), (long)to->processors, 0);
	for (int i = 0; i < SURROUNDINGS_LIMITS; i++)
		take_limit(i, &to->limits[i]);
}

static bool append(surroundings *to, const char *text, size_t length)
{
	if (length > sizeof(to->text) - to->length)
		return false;
	memcpy(to->text + to->length, text, length);
	to->length += length;
	return true;
}

static ssize_t read_file(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, buffer, size - 1);
	close(fd);
	if (length >= 0)
		buffer[length] = '\0';
	return length;
}

static bool append_content(surroundings *to, int fd)
{
	size_t room = sizeof(to->text) - to->length;
	ssize_t length = pread(fd, to->text + to->length, room, 0);
	if (length <= 0 || (size_t)length == room)
		return false;
	to->length += (size_t)length;
	return true;
}

static bool append_file(surroundings *to, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool complete = fd >= 0 && append_content(to, fd);
	sys_close(fd);
	return complete;
}

/* A namespace that the kernel was built without has no link, before and after. That of mounts is
 * told by the root's mount, from Linux 5.8 on. */
static bool append_namespaces(surroundings *to, int folder)
{
	static const char *const names[] = {
		"user", "net", "ipc", "uts", "cgroup", "pid_for_children", "time_for_children",
		"mnt"};
	size_t all = sizeof(names) / sizeof(names[0]) - (to->root[2] != 0);
	size_t n = may(to, CAP_SYS_ADMIN) ? all : 1;
	bool complete = true;
	for (size_t i = 0; i < n; i++) {
		char link[64];
		ssize_t length = readlinkat(folder, names[i], link, sizeof(link));
		complete &= length > 0 ? append(to, link, (size_t)length) : i > 0;
	}
	return complete;
}

static bool take_namespaces(const viewpoint *from, surroundings *to)
{
	if (from->thread == sys_gettid())
		return append_namespaces(to, from->namespaces);
	int folder = open("/proc/thread-self/ns", O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool complete = folder >= 0 && append_namespaces(to, folder);
	if (folder >= 0)
		close(folder);
	return complete;
}

static bool take_oom_score(const viewpoint *from, surroundings *to)
{
	return append_content(to, from->oom_score);
}

static bool take_control_group(const viewpoint *from, surroundings *to)
{
	if (from->pidfd >= 0)
		return sys_pidfd_cgroup(from->pidfd, &to->control_group) == 0;
	if (from->groups >= 0 && from->thread == sys_gettid())
		append_content(to, from->groups);
	else
		append_file(to, "/proc/thread-self/cgroup"); /* the kernel may have none */
	return true;
}

/* chroot() */
static bool take_root(surroundings *to)
{
	struct statx root = {0};
	if (statx(AT_FDCWD, "/", AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_MNT_ID, &root) < 0)
		return false;
	to->root[0] = (uint64_t)root.stx_dev_major << 32 | root.stx_dev_minor;
	to->root[1] = root.stx_ino;
	to->root[2] = root.stx_mnt_id;
	return true;
}

static bool append_status(surroundings *to, mode_t *ret_umask)
{
	char status[8192];
	if (read_file("/proc/thread-self/status", status, sizeof(status)) <= 0)
		return false;
	const char *mask = strstr(status, "\nUmask:");
	const char *filters = strstr(status, "\nSeccomp_filters:");
	if (mask)
		*ret_umask = (mode_t)strtoul(mask + strlen("\nUmask:"), NULL, 8);
	return mask && (!filters || append(to, filters + 1, strcspn(filters + 1, "\n")));
}

/* With other threads, one could create a file meanwhile. */
static mode_t umask_alone(void)
{
	mode_t mask = umask(S_IRWXG | S_IRWXO);
	umask(mask);
	return mask;
}

static bool take_umask(surroundings *to, mode_t *ret_umask)
{
	bool alone = &__libc_single_threaded && __libc_single_threaded;
	if (alone && to->seccomp == 0) {
		*ret_umask = umask_alone();
		return true;
	}
	if (append_status(to, ret_umask))
		return true;
	*ret_umask = umask_alone();
	return false;
}

bool surroundings_take(const viewpoint *from, surroundings *ret, mode_t *ret_umask)
{
	memset(ret, 0, sizeof(*ret));
	take_values(ret);
	bool known = take_privileges(ret);
	known &= take_umask(ret, ret_umask);
	return known && take_root(ret) && take_namespaces(from, ret) && take_oom_score(from, ret) &&
	       take_control_group(from, ret);
}

/* The kernel tells the control group by a pidfd, but that of the unified hierarchy only. */
static bool has_unified_hierarchy_only(void)
{
	char groups[1024];
	ssize_t length = read_file("/proc/self/cgroup", groups, sizeof(groups));
	return length > 0 && strncmp(groups, "0::", 3) == 0 &&
	       strchr(groups, '\n') == strrchr(groups, '\n');
}

static int keep_open(const char *path, int flags)
{
	return sys_above_standard_streams(sys_result(open(path, flags | O_CLOEXEC)));
}

void viewpoint_open(viewpoint *ret)
{
	uint64_t group;
	ret->thread = sys_gettid();
	ret->namespaces = keep_open("/proc/thread-self/ns", O_PATH | O_DIRECTORY);
	ret->oom_score = keep_open("/proc/self/oom_score_adj", O_RDONLY);
	ret->pidfd = has_unified_hierarchy_only() ? sys_pidfd_open(getpid()) : -1;
	if (ret->pidfd >= 0 && sys_pidfd_cgroup(ret->pidfd, &group) < 0) {
		close(ret->pidfd);
		ret->pidfd = -1;
	}
	ret->groups = ret->pidfd < 0 ? keep_open("/proc/thread-self/cgroup", O_RDONLY) : -1;
}

void viewpoint_close(viewpoint *from)
{
	const int fds[] = {from->namespaces, from->oom_score, from->pidfd, from->groups};
	for (int i = 0; i < 4; i++)
		sys_close(fds[i]);
}

bool surroundings_equal(const surroundings *a, const surroundings *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
