/* SPDX-License-Identifier: MIT */
/*
 * A hash table of lists. The lock guards changes against other threads; each change
 * is one store of a link, so that a child forked by another thread in the middle of one finds
 * lists that are whole, and only makes itself a new lock.
 */

#include "sync/held.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/newborn.h"
#include "base/sys.h"

enum { BUCKETS = 64 };

typedef struct held {
	struct held *_Atomic next;
	const void *object;
	uint64_t id;
	enum held_kind kind;
	int fd; /* -EBADF: closed, and none since */
	int users;
	bool dropped; /* to be closed by the last user */
} held;

typedef struct held *_Atomic held_link;

/* Set before the lock is first taken, for good: a new process of one that held nothing has nothing
 * to do, and writes to no page. */
NEWBORN_DATA static _Atomic bool in_use;

NEWBORN_DATA static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static held_link table[BUCKETS];

static held_link *bucket_of(const void *object)
{
	uintptr_t number = (uintptr_t)object / 64;
	return &table[(number ^ number / BUCKETS) % BUCKETS];
}

/* The link to an object's entry, or NULL; with the lock held. */
static held_link *find(const void *object, uint64_t id)
{
	for (held_link *link = bucket_of(object); *link; link = &(*link)->next) {
		const held *entry = *link;
		if (entry->object == object && entry->id == id && !entry->dropped)
			return link;
	}
	return NULL;
}

static void destroy(held_link *link)
{
	held *entry = *link;
	*link = entry->next;
	if (entry->fd >= 0)
		sys_close(entry->fd);
	free(entry);
}

static void drop(held_link *link)
{
	if ((*link)->users)
		(*link)->dropped = true;
	else
		destroy(link);
}

/* Whatever this process held of an object that was here before. */
static void drop_earlier(const void *object, uint64_t id)
{
	for (held_link *link = bucket_of(object); *link;) {
		const held *entry = *link;
		if (entry->object == object && entry->id != id && !entry->dropped)
			drop(link);
		if (*link == entry)
			link = &(*link)->next;
	}
}

static int insert(const void *object, uint64_t id, enum held_kind kind, int fd)
{
	held *entry = malloc(sizeof(*entry));
	if (!entry)
		return error_set(ENOMEM, "no memory to note a descriptor");
	held_link *bucket = bucket_of(object);
	entry->next = *bucket;
	entry->object = object;
	entry->id = id;
	entry->kind = kind;
	entry->fd = fd;
	entry->users = 0;
	entry->dropped = false;
	*bucket = entry;
	return fd;
}

int held_add(const void *object, uint64_t id, enum held_kind kind, int fd)
{
	in_use = true;
	pthread_mutex_lock(&lock);
	drop_earlier(object, id);
	held_link *there = find(object, id);
	if (there && (*there)->fd < 0)
		(*there)->fd = fd;
	int r = there ? (*there)->fd : insert(object, id, kind, fd);
	pthread_mutex_unlock(&lock);
	if (r != fd)
		sys_close(fd);
	return r;
}

static int look(const void *object, uint64_t id, int uses)
{
	if (!in_use)
		return -ENOENT;
	pthread_mutex_lock(&lock);
	held_link *link = find(object, id);
	int fd = link ? (*link)->fd : -ENOENT;
	if (fd >= 0)
		(*link)->users += uses;
	pthread_mutex_unlock(&lock);
	return fd;
}

int held_use(const void *object, uint64_t id)
{
	return look(object, id, 1);
}

int held_peek(const void *object, uint64_t id)
{
	return look(object, id, 0);
}

void held_done(const void *object, int fd)
{
	pthread_mutex_lock(&lock);
	held_link *link = bucket_of(object);
	while (*link && ((*link)->object != object || (*link)->fd != fd))
		link = &(*link)->next;
	if (*link && --(*link)->users == 0 && (*link)->dropped)
		destroy(link);
	pthread_mutex_unlock(&lock);
}

void held_drop(const void *object, uint64_t id)
{
	if (!in_use)
		return;
	pthread_mutex_lock(&lock);
	held_link *link = find(object, id);
	if (link)
		drop(link);
	pthread_mutex_unlock(&lock);
}

/* Without memory for that it is forgotten, and then a use fetches it anew. */
void held_close(const void *object, uint64_t id)
{
	in_use = true;
	pthread_mutex_lock(&lock);
	held_link *link = find(object, id);
	if (link)
		drop(link);
	insert(object, id, HELD_CONNECTION, -EBADF);
	pthread_mutex_unlock(&lock);
}

static bool among(const void *object, void *const *objects, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (objects[i] == object)
			return true;
	return false;
}

/* The users of a descriptor were threads of the parent. */
NEWBORN static void keep(bool all, void *const *objects, size_t count)
{
	if (!in_use)
		return;
	lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	for (int i = 0; i < BUCKETS; i++) {
		for (held_link *link = &table[i]; *link;) {
			held *entry = *link;
			bool stays = entry->kind == HELD_CONNECTION && entry->fd >= 0 &&
				     !entry->dropped &&
				     (all || among(entry->object, objects, count));
			entry->users = 0;
			if (stays)
				link = &entry->next;
			else
				destroy(link);
		}
	}
}

NEWBORN void held_keep(void *const *objects, size_t count)
{
	keep(false, objects, count);
}

NEWBORN static void after_any_fork(void)
{
	keep(true, NULL, 0);
}

__attribute__((constructor(103))) static void held_begin(void)
{
	pthread_atfork(NULL, NULL, after_any_fork);
}
