/* SPDX-License-Identifier: MIT */
#ifndef SYNC_HELD_H
#define SYNC_HELD_H

/*
 * The descriptors by which this process uses objects of the heap that are more than
 * memory: the socket of a connection, the bell of a queue. An object is named by its
 * address and its id, a random number that it got when it was made, so that another one
 * at the same address later is not taken for it.
 *
 * They are private to the process. What a process that brood starts keeps of its
 * creator's is what it is given (held_keep), so that the last user of an object is
 * who seems to be.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum held_kind {
	HELD_BELL,	 /* never another process's */
	HELD_CONNECTION, /* may be given to children */
};

/*
 * Notes that this descriptor, from now on the registry's, is the object's. Returns it; or, when
 * another thread was first, closes it and returns that one's; or -ENOMEM (closed as well).
 * An entry of an earlier object at this address is dropped, and that the object was closed
 * forgotten.
 */
int held_add(const void *object, uint64_t id, enum held_kind kind, int fd);

/* The object's descriptor, which stays open until held_done(); -ENOENT when this process has had
 * none, -EBADF when it has closed it. */
int held_use(const void *object, uint64_t id);
void held_done(const void *object, int fd);

/* The object's descriptor without a promise that it stays open, or as held_use(). */
int held_peek(const void *object, uint64_t id);

/*
 * Gives the object's descriptor up: it is closed now, or when its last user is done.
 * held_close() remembers that; after held_drop() it is as if there had been none.
 */
void held_close(const void *object, uint64_t id);
void held_drop(const void *object, uint64_t id);

/*
 * In a process that brood has just forked, while it has one thread: closes all but the connections
 * among these objects. A child that the program forked by itself loses the bells only; connections
 * it shares with its parent, as it does other descriptors.
 */
void held_keep(void *const *objects, size_t count);

#endif
