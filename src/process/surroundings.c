/* SPDX-License-Identifier: MIT */
/*
 * Asked at every start by the fork server, while the new process wakes up: 45 us, three quarters of
 * them in /proc, which alone knows the bounding set, the number of seccomp filters, the
 * namespaces and the control group, and the umask without changing it.
 */

#include "process/surroundings.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/raw.h"

enum { IO_PRIORITY_OF_PROCESS = 1 };
#define PERSONALITY_ASK 0xffffffffUL

_Static_assert((int)RLIMIT_NLIMITS == SURROUNDINGS_LIMITS, "all limits are looked at");

static bool append(surroundings *to, const char *text, size_t length)
{
	if (length > sizeof(to->text) - to->length)
		return false;
	memcpy(to->text + to->length, text, length);
	to->length += length;
	return true;
}

static ssize_t read_at(int folder, const char *name, char *buffer, size_t size)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, buffer, size - 1);
	close(fd);
	if (length >= 0)
		buffer[length] = '\0';
	return length;
}

static bool append_file(surroundings *to, int folder, const char *name)
{
	char content[1024];
	ssize_t length = read_at(folder, name, content, sizeof(content));
	return length > 0 && (size_t)length < sizeof(content) - 1 &&
	       append(to, content, (size_t)length);
}

static bool begins_with(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

/* The lines of /proc/self/status that matter here: the others change by themselves. */
static bool matters(const char *line)
{
	static const char *const words[] = {
		"Uid:",	   "Gid:",	    "Groups:",	    "NSpid:",  "CapInh:",
		"CapPrm:", "CapEff:",	    "CapBnd:",	    "CapAmb:", "NoNewPrivs:",
		"Seccomp", "Cpus_allowed:", "Mems_allowed:"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (begins_with(line, words[i]))
			return true;
	return false;
}

static bool append_status(surroundings *to, int folder, mode_t *ret_umask)
{
	char status[8192];
	if (read_at(folder, "status", status, sizeof(status)) <= 0)
		return false;
	bool complete = true;
	for (char *line = status, *end; (end = strchr(line, '\n')); line = end + 1) {
		if (begins_with(line, "Umask:"))
			*ret_umask = (mode_t)strtoul(line + strlen("Umask:"), NULL, 8);
		else if (matters(line))
			complete &= append(to, line, (size_t)(end + 1 - line));
	}
	return complete;
}

/* A namespace that the kernel was built without has no link, before and after. */
static bool append_namespaces(surroundings *to, int folder)
{
	static const char *const names[] = {"ns/mnt",
					    "ns/net",
					    "ns/ipc",
					    "ns/uts",
					    "ns/user",
					    "ns/cgroup",
					    "ns/pid_for_children",
					    "ns/time_for_children"};
	bool complete = true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char link[64];
		ssize_t length = readlinkat(folder, names[i], link, sizeof(link));
		complete &= length <= 0 || append(to, link, (size_t)length);
	}
	return complete;
}

static bool take_text(surroundings *to, mode_t *ret_umask)
{
	int folder = open("/proc/thread-self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0) {
		*ret_umask = umask(0);
		umask(*ret_umask);
		return false;
	}
	bool complete = append_status(to, folder, ret_umask) && append_namespaces(to, folder) &&
			append_file(to, folder, "oom_score_adj");
	append_file(to, folder, "cgroup"); /* the kernel may have none */
	close(folder);
	return complete;
}

static void take_values(surroundings *to)
{
	to->group = getpgid(0);
	to->session = getsid(0);
	to->io_priority = (int)raw_syscall(SYS_ioprio_get, IO_PRIORITY_OF_PROCESS, 0, 0, 0);
	to->timer_slack = prctl(PR_GET_TIMERSLACK);
	to->personality = personality(PERSONALITY_ASK);
	raw_syscall(SYS_sched_getattr, 0, (long)to->scheduling, sizeof(to->scheduling), 0);
	for (int i = 0; i < SURROUNDINGS_LIMITS; i++)
		getrlimit((__rlimit_resource_t)i, &to->limits[i]);
}

bool surroundings_take(surroundings *ret, mode_t *ret_umask)
{
	memset(ret, 0, sizeof(*ret));
	take_values(ret);
	return take_text(ret, ret_umask);
}

bool surroundings_equal(const surroundings *a, const surroundings *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
