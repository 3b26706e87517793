/* SPDX-License-Identifier: MIT */

#include "restrict.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NOBODY = 65534, FIRST_USER = 100000, BY_PIDFD = 3 };

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
/* Goes on when equal, else skips so many. */
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)(value), 0, skip)
#define RETURN(value)	    BPF_STMT(BPF_RET | BPF_K, (unsigned)(value))

static bool install(struct sock_filter *filter, unsigned short length)
{
	struct sock_fprog program = {.len = length, .filter = filter};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Ends who signals the group, or everybody: as a pid that was refused would. */
static bool forbid_wide_kills(void)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(SYS_kill, 4),
		LOAD(args[0]),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x80000000, 0, 1),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};
	return install(filter, sizeof(filter) / sizeof(filter[0]));
}

bool restrict_call(int number, int err)
{
	if (!forbid_wide_kills())
		return false;
	const unsigned refused = SECCOMP_RET_ERRNO | (unsigned)err;
	struct sock_filter any[] = {
		LOAD(nr),
		UNLESS(number, 1),
		RETURN(refused),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_filter waitid_by_pidfd[] = {
		LOAD(nr),	 UNLESS(SYS_waitid, 3),	    LOAD(args[0]), UNLESS(BY_PIDFD, 1),
		RETURN(refused), RETURN(SECCOMP_RET_ALLOW),
	};
	if (number == RESTRICT_WAITID_BY_PIDFD)
		return install(waitid_by_pidfd,
			       sizeof(waitid_by_pidfd) / sizeof(waitid_by_pidfd[0]));
	return install(any, sizeof(any) / sizeof(any[0]));
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, text, strlen(text)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
}

static bool own_mounts(void)
{
	char map[40];
	uid_t user = geteuid();
	if (unshare(CLONE_NEWNS) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	snprintf(map, sizeof(map), "%u %u 1", user, user);
	write_file("/proc/self/uid_map", map);
	return true;
}

bool restrict_proc(void)
{
	return own_mounts() && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/proc", "tmpfs", 0, NULL) == 0;
}

bool restrict_user(void)
{
	uid_t user = FIRST_USER + (uid_t)getpid();
	return geteuid() == 0 && setgroups(0, NULL) == 0 &&
	       setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(user, user, user) == 0;
}
