/* SPDX-License-Identifier: MIT */

#include "base/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/raw.h"
#include "base/sys.h"

enum { TEXT_MAX = 255 };

static int read_stat(const char *path, proc_stat *ret)
{
	char text[1024];
	ssize_t r = sys_read_file(path, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : (int)r;
	/* The second field, the command's name, may hold spaces and parentheses. */
	const char *field = strrchr(text, ')');
	const char *fields[23] = {0};
	for (int i = 2; field && i < 22; i++) {
		field = strchr(field + 1, ' ');
		fields[i + 1] = field;
	}
	if (!field)
		return -ESRCH;
	const bool exiting = strtoul(fields[9], NULL, 10) & 0x4; /* the kernel's PF_EXITING */
	const int threads = (int)strtol(fields[20], NULL, 10);
	*ret = (proc_stat){
		.state = fields[3][1],
		.ending = exiting && threads < 2, /* others go on when the first has ended */
		.parent = (pid_t)strtol(fields[4], NULL, 10),
		.session = (pid_t)strtol(fields[6], NULL, 10),
		.threads = threads,
		.started = strtoull(fields[22], NULL, 10),
	};
	return 0;
}

int proc_read_stat(pid_t pid, proc_stat *ret)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return read_stat(path, ret);
}

static bool at_rest(const proc_stat *stat)
{
	return strchr("TtZXxD", stat->state) != NULL;
}

/* As getdents64(2) gives them. */
struct entry {
	uint64_t inode;
	int64_t next;
	unsigned short size;
	unsigned char type;
	char name[];
};

static int number_of(const char *digits)
{
	int number = 0;
	for (; *digits >= '0' && *digits <= '9'; digits++)
		number = number * 10 + (*digits - '0');
	return number;
}

/* A few entries are read at a time: what readdir() returns was listed a thousand entries ago, and a
 * process that forks and ends all the time is another one by then. */
int proc_each_number(const char *path, bool (*visit)(int number, void *data), void *data)
{
	CANCEL_HOLD(held);
	_Alignas(struct entry) char entries[96];
	long fd = raw_syscall(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			      0);
	if (fd < 0)
		return (int)fd;
	long size;
	bool more = true;
	while (more &&
	       (size = raw_syscall(SYS_getdents64, fd, (long)entries, sizeof(entries), 0)) > 0) {
		const struct entry *entry;
		for (long at = 0; more && at < size; at += entry->size) {
			entry = (const void *)(entries + at);
			if (entry->name[0] >= '1' && entry->name[0] <= '9')
				more = visit(number_of(entry->name), data);
		}
	}
	raw_syscall(SYS_close, fd, 0, 0, 0);
	return more ? (int)size : 0;
}

struct thread_check {
	pid_t pid;
	bool at_rest;
};

static bool check_thread(int tid, void *data)
{
	struct thread_check *check = data;
	char path[60];
	proc_stat stat;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)check->pid, (int)tid);
	check->at_rest = read_stat(path, &stat) < 0 || at_rest(&stat);
	return check->at_rest;
}

bool proc_at_rest(pid_t pid)
{
	proc_stat stat;
	if (proc_read_stat(pid, &stat) < 0)
		return true;
	if (stat.threads < 2)
		return at_rest(&stat);
	char path[40];
	struct thread_check check = {.pid = pid, .at_rest = true};
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	proc_each_number(path, check_thread, &check);
	return check.at_rest;
}

bool proc_contains(pid_t pid, const char *file, const char *text)
{
	CANCEL_HOLD(held);
	char path[40], buffer[4096 + TEXT_MAX];
	size_t length = strlen(text), kept = 0;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool found = false;
	ssize_t r;
	while (!found && ((r = read(fd, buffer + kept, 4096)) > 0 || (r < 0 && errno == EINTR))) {
		size_t size = kept + (size_t)(r > 0 ? r : 0);
		found = memmem(buffer, size, text, length) != NULL;
		/* The text may begin in this piece and end in the next. */
		kept = size < length ? size : length - 1;
		memmove(buffer, buffer + size - kept, kept);
	}
	close(fd);
	return found;
}

struct process_visit {
	void (*visit)(pid_t pid, void *data);
	void *data;
	bool any;
};

static bool visit_process(int pid, void *data)
{
	struct process_visit *each = data;
	each->any = true;
	each->visit(pid, each->data);
	return true;
}

int proc_each(void (*visit)(pid_t pid, void *data), void *data)
{
	struct process_visit each = {.visit = visit, .data = data};
	int r = proc_each_number("/proc", visit_process, &each);
	return r == 0 && !each.any ? -ENOENT : r; /* a folder, but not the kernel's */
}
