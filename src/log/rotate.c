/* SPDX-License-Identifier: MIT */
/*
 * Several processes write to the file, and each may find that it is full. Who
 * writes opens the file, locks it with flock(), and looks whether it still is the
 * file of that name: if not, another has set it aside meanwhile, and the new one
 * is opened. With the lock on the file of that name nobody else can rename it, so
 * the line goes into it, or it is set aside first, and a new one opened and locked
 * in the same way.
 *
 * The file is opened for each line because a lock belongs to an open file
 * description, which threads and forked children would share: it would not keep
 * them from each other. It is unlocked by name, not by close(): a child forked
 * meanwhile has the description too.
 *
 * A process that is stopped while it holds the lock must not stop the others:
 * after LOCK_PATIENCE they append without it, and leave the file in its place.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "log/target.h"

#define LOCK_PATIENCE 1.0

struct rotating {
	char *path;
	long long max_bytes;
	int backups;
	formatter formatter;
};

rotating *rotating_new(const char *path, long long max_bytes, int backups, const formatter *f)
{
	rotating *made = malloc(sizeof(*made));
	if (!made)
		return NULL;
	*made = (rotating){.path = strdup(path), .max_bytes = max_bytes, .backups = backups};
	if (!made->path || formatter_copy(&made->formatter, f) < 0) {
		rotating_free(made);
		return NULL;
	}
	return made;
}

void rotating_free(void *data)
{
	rotating *old = data;
	formatter_clear(&old->formatter);
	free(old->path);
	free(old);
}

static int open_file(const rotating *to)
{
	return open(to->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
}

/* Waits for the lock, in small steps, at most until the deadline. */
static bool lock(int fd, deadline until)
{
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK || clock_now() >= until)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	return true;
}

/* Whether the open file is the one of this name: 1 yes, 0 no, -1 when it cannot be told. */
static int has_name(int fd, const char *path)
{
	struct stat open, named;
	if (fstat(fd, &open) < 0)
		return -1;
	if (stat(path, &named) < 0)
		return errno == ENOENT ? 0 : -1;
	return open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

static void unlock(int fd)
{
	flock(fd, LOCK_UN);
	close(fd);
}

/* The file of the name, certainly and locked if *ret_locked; -1 when it cannot be opened. */
static int open_locked(const rotating *to, bool *ret_locked)
{
	deadline until = clock_now() + (int64_t)(LOCK_PATIENCE * 1e9);
	for (;;) {
		int fd = open_file(to);
		if (fd < 0)
			return -1;
		*ret_locked = lock(fd, until);
		int named = *ret_locked ? has_name(fd, to->path) : -1;
		if (named != 0 || clock_now() >= until) {
			*ret_locked = named > 0;
			return fd;
		}
		unlock(fd);
	}
}

/* Whether the line would make it too long; an empty file takes any line. */
static bool is_full(const rotating *to, int fd, size_t more)
{
	struct stat st;
	return to->max_bytes > 0 && to->backups > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_size > 0 && st.st_size + (long long)more >= to->max_bytes;
}

/* PATH.8 to PATH.9 and so on, and PATH to PATH.1; false when PATH stays. */
static bool set_aside(const rotating *to)
{
	char from[PATH_MAX], into[PATH_MAX];
	for (int i = to->backups - 1; i > 0; i--) {
		snprintf(from, sizeof(from), "%s.%d", to->path, i);
		snprintf(into, sizeof(into), "%s.%d", to->path, i + 1);
		rename(from, into);
	}
	snprintf(into, sizeof(into), "%s.1", to->path);
	return rename(to->path, into) == 0;
}

void rotating_emit(const brood_log_record *record, void *data)
{
	const rotating *to = data;
	log_line line;
	bool locked;
	int fd = open_locked(to, &locked);
	if (fd < 0)
		return;
	line_format(&line, record, &to->formatter, "");
	while (locked && is_full(to, fd, line.length) && set_aside(to)) {
		unlock(fd);
		fd = open_locked(to, &locked);
		if (fd < 0)
			break;
	}
	if (fd >= 0)
		line_write(&line, fd);
	if (fd >= 0)
		unlock(fd);
	line_clear(&line);
}
