/* SPDX-License-Identifier: MIT */
/*
 * A process is in one group of each hierarchy: /proc/self/cgroup has a line
 * "ID:CONTROLLERS:PATH" for each, and that of version 2 has no controllers.
 * Where a hierarchy is mounted, and which of its groups is the mount's root
 * (in a container often the process's own), /proc/self/mountinfo tells. A limit
 * of any group between the process's own and the mount's root counts.
 *
 * Files that are absent or odd are passed over: no answer means no limit.
 */

#include "base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/sys.h"

/* v1 writes "no limit" as the largest number of whole pages. */
#define UNLIMITED (INT64_C(1) << 62)

/* A file read by lines; lines that do not fit are left out. */
typedef struct lines {
	int fd;
	size_t used, length;
	char text[4096];
} lines;

static void lines_open(lines *file, const char *root, const char *path)
{
	char full[PATH_MAX];
	file->used = file->length = 0;
	file->fd = -1;
	if (snprintf(full, sizeof(full), "%s%s", root, path) < (int)sizeof(full))
		file->fd = open(full, O_RDONLY | O_CLOEXEC);
}

/* Moves what is unread to the front and reads more; false at the end. */
static bool lines_fill(lines *file)
{
	memmove(file->text, file->text + file->used, file->length - file->used);
	file->length -= file->used;
	file->used = 0;
	ssize_t r;
	do {
		r = read(file->fd, file->text + file->length, sizeof(file->text) - file->length);
	} while (r < 0 && errno == EINTR);
	if (r > 0)
		file->length += (size_t)r;
	return r > 0;
}

/* The next line without its newline, valid until the next call; NULL and closed at the end. */
static char *lines_next(lines *file)
{
	bool skipping = false;
	while (file->fd >= 0) {
		char *start = file->text + file->used;
		char *end = memchr(start, '\n', file->length - file->used);
		if (end) {
			*end = '\0';
			file->used = (size_t)(end + 1 - file->text);
			if (!skipping)
				return start;
			skipping = false;
			continue;
		}
		if (file->used == 0 && file->length == sizeof(file->text)) {
			skipping = true;
			file->length = 0;
		}
		if (!lines_fill(file)) {
			close(file->fd);
			file->fd = -1;
		}
	}
	return NULL;
}

static void lines_close(lines *file)
{
	if (file->fd >= 0)
		close(file->fd);
}

/* Whether word is an element of a list separated by commas. */
static bool listed(const char *list, const char *word)
{
	size_t length = strlen(word);
	while (*list) {
		size_t element = strcspn(list, ",");
		if (element == length && memcmp(list, word, length) == 0)
			return true;
		list += element + (list[element] == ',');
	}
	return false;
}

/* The path of this process's group in the hierarchy of a controller; "" is version 2. */
static bool own_group(const char *root, const char *controller, char *ret, size_t size)
{
	lines file;
	bool found = false, fits = false;
	lines_open(&file, root, "/proc/self/cgroup");
	for (char *line; !found && (line = lines_next(&file));) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(++controllers, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		found = *controller ? listed(controllers, controller) : *controllers == '\0';
		fits = found && strlen(path) < size;
		if (fits)
			strcpy(ret, path);
	}
	lines_close(&file);
	return fits;
}

static bool octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Undoes mountinfo's \040 for a space and the like, in place. */
static void unescape(char *text)
{
	char *to = text;
	for (const char *from = text; *from;) {
		if (from[0] == '\\' && octal(from[1]) && octal(from[2]) && octal(from[3])) {
			*to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/* Where one line of mountinfo mounts the hierarchy; its fields point into the line. */
static bool mount_of(char *line, const char *controller, char **ret_root, char **ret_point)
{
	char *rest = strstr(line, " - ");
	if (!rest)
		return false;
	char *type = rest + 3, *next = NULL;
	*rest = '\0';
	strtok_r(line, " ", &next);
	for (int i = 0; i < 2; i++)
		strtok_r(NULL, " ", &next);
	*ret_root = strtok_r(NULL, " ", &next);
	*ret_point = strtok_r(NULL, " ", &next);
	if (!*ret_root || !*ret_point)
		return false;
	type = strtok_r(type, " ", &next);
	strtok_r(NULL, " ", &next);
	const char *options = strtok_r(NULL, " ", &next);
	if (!type || strcmp(type, *controller ? "cgroup" : "cgroup2") != 0)
		return false;
	if (*controller && (!options || !listed(options, controller)))
		return false;
	unescape(*ret_root);
	unescape(*ret_point);
	return true;
}

/* What follows prefix in path, at a whole component; NULL when path is not below it. */
static const char *below(const char *path, const char *prefix)
{
	if (strcmp(prefix, "/") == 0)
		return strcmp(path, "/") == 0 ? "" : path;
	size_t length = strlen(prefix);
	if (strncmp(path, prefix, length) != 0 || (path[length] && path[length] != '/'))
		return NULL;
	return path + length;
}

/* A group's directory, and how much of its path is the mount point, where climbing ends. */
typedef struct group {
	char directory[PATH_MAX];
	size_t top;
} group;

/*
 * Finds the directory of this process's group. A mount that shows the group is
 * preferred; with none, as after leaving a cgroup namespace, the first mount's
 * root has to do.
 */
static bool find_group(const char *root, const char *controller, group *ret)
{
	char path[PATH_MAX / 2];
	lines file;
	bool found = false, shown = false;
	if (!own_group(root, controller, path, sizeof(path)))
		return false;
	lines_open(&file, root, "/proc/self/mountinfo");
	for (char *line; !shown && (line = lines_next(&file));) {
		char *mount_root, *point;
		if (!mount_of(line, controller, &mount_root, &point))
			continue;
		const char *rest = below(path, mount_root);
		shown = rest != NULL;
		if (found && !shown)
			continue;
		int top = snprintf(ret->directory, sizeof(ret->directory), "%s%s", root, point);
		if (top >= (int)sizeof(ret->directory))
			continue;
		size_t space = sizeof(ret->directory) - (size_t)top;
		ret->top = (size_t)top;
		found = snprintf(ret->directory + top, space, "%s", rest ? rest : "") < (int)space;
	}
	lines_close(&file);
	return found;
}

/* Goes to the parent group; false when this one was the topmost that can be seen. */
static bool climb(group *at)
{
	char *slash = strrchr(at->directory + at->top, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

static bool read_in(const group *at, const char *name, char *text, size_t size)
{
	char path[PATH_MAX + 64];
	snprintf(path, sizeof(path), "%s/%s", at->directory, name);
	return sys_read_file(path, text, size) > 0;
}

/* A byte count of a group; false for "max", v1's unlimited, and no number. */
static bool read_count(const group *at, const char *name, int64_t *ret)
{
	char text[64], *end;
	if (!read_in(at, name, text, sizeof(text)))
		return false;
	errno = 0;
	long long count = strtoll(text, &end, 10);
	if (end == text || errno || count < 0 || count >= UNLIMITED)
		return false;
	*ret = count;
	return true;
}

static double quota_v2(const group *at)
{
	char text[64];
	long long quota, period;
	if (!read_in(at, "cpu.max", text, sizeof(text)) ||
	    sscanf(text, "%lld %lld", &quota, &period) != 2 || quota <= 0 || period <= 0)
		return 0;
	return (double)quota / (double)period;
}

static double quota_v1(const group *at)
{
	int64_t quota, period; /* a quota of -1 is none */
	if (!read_count(at, "cpu.cfs_quota_us", &quota) || quota == 0 ||
	    !read_count(at, "cpu.cfs_period_us", &period) || period == 0)
		return 0;
	return (double)quota / (double)period;
}

static double least_quota(const char *root, const char *controller,
			  double (*quota_of)(const group *))
{
	group at;
	double least = 0;
	if (!find_group(root, controller, &at))
		return 0;
	do {
		double quota = quota_of(&at);
		if (quota > 0 && (least == 0 || quota < least))
			least = quota;
	} while (climb(&at));
	return least;
}

double cgroup_cpu_quota_under(const char *root)
{
	double v2 = least_quota(root, "", quota_v2);
	double v1 = least_quota(root, "cpu", quota_v1);
	return v1 == 0 || (v2 > 0 && v2 < v1) ? v2 : v1;
}

/* A number of a file of lines "KEY NUMBER"; otherwise when it is not there. */
static int64_t read_key(const char *directory, const char *name, const char *key, int64_t otherwise)
{
	lines file;
	int64_t value = otherwise;
	size_t length = strlen(key);
	lines_open(&file, directory, name);
	for (char *line; (line = lines_next(&file));)
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			value = strtoll(line + length, NULL, 10);
	return value;
}

typedef struct memory_files {
	const char *controller, *limit, *usage, *cache;
} memory_files;

static const memory_files memory_v2 = {"", "memory.max", "memory.current", "inactive_file"};
static const memory_files memory_v1 = {"memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
				       "total_inactive_file"};

static int64_t least_left(const char *root, const memory_files *files)
{
	group at;
	int64_t least = INT64_MAX, limit, usage;
	if (!find_group(root, files->controller, &at))
		return least;
	do {
		if (!read_count(&at, files->limit, &limit) ||
		    !read_count(&at, files->usage, &usage))
			continue;
		usage -= read_key(at.directory, "/memory.stat", files->cache, 0);
		int64_t left = usage < limit ? limit - (usage > 0 ? usage : 0) : 0;
		if (left < least)
			least = left;
	} while (climb(&at));
	return least;
}

int64_t cgroup_memory_left_under(const char *root)
{
	int64_t v2 = least_left(root, &memory_v2);
	int64_t v1 = least_left(root, &memory_v1);
	return v2 < v1 ? v2 : v1;
}

int64_t cgroup_oom_kills_under(const char *root)
{
	group at;
	int64_t kills = -1;
	if (find_group(root, "", &at))
		kills = read_key(at.directory, "/memory.events", "oom_kill", -1);
	if (kills < 0 && find_group(root, "memory", &at))
		kills = read_key(at.directory, "/memory.oom_control", "oom_kill", -1);
	return kills < 0 ? read_key(root, "/proc/vmstat", "oom_kill", -1) : kills;
}

int64_t cgroup_oom_kills(void)
{
	CANCEL_HOLD(held);
	return cgroup_oom_kills_under("");
}

double cgroup_cpu_quota(void)
{
	CANCEL_HOLD(held);
	return cgroup_cpu_quota_under("");
}

int64_t cgroup_memory_left(void)
{
	CANCEL_HOLD(held);
	return cgroup_memory_left_under("");
}
