/* SPDX-License-Identifier: MIT */
/*
 * A listener binds a datagram socket to a random abstract name, and writes the name's number
 * into a place of the bell; whoever rings sends a byte there. No descriptor needs to be shared, so
 * it does not matter how the processes came to be or whose they are; the socket is as readable as
 * its buffer, and the kernel refuses what is sent to a listener that has gone. (An eventfd
 * would have to be fetched by pidfd_getfd(), which ptrace's rules forbid among siblings; a pipe
 * opened through /proc needs the same user and, to close, the listener's help.) The limit:
 * a process in another network namespace does not reach it, and rings in vain.
 *
 * A listener that does not look, or is stopped, is rung once: `rung` says in which of its epochs
 * somebody last did, and a ringer that finds the present one there sends nothing. The order
 * makes that safe:
 *
 *	ringer    change the object; read epoch; if rung differs: send, rung = the epoch read
 *	listener  take what is in the socket; epoch++; look at the object
 *
 * A ringer that sends nothing has read the epoch before the listener's epoch++, and so has
 * changed the object before the listener looks. A ringer that sends stores an epoch that
 * is over when the listener was quicker, which keeps nobody from ringing. One that
 * stopped or died before it sent has stored nothing: the next rings.
 *
 * The threads of a process listen by one socket, and each may take what was to wake another.
 * So whoever clears looks afterwards, and rings if it finds something. Then, while the object
 * stays ready, the socket is readable or somebody is about to make it so. For take the last
 * epoch++, to e. Each look after it rings in e if it finds something; the change that a look
 * before its end did not find comes later, and its ringer reads e. The first to ring in e sends,
 * and rung is e only when somebody has; nobody takes that byte, for who takes one in e goes on to
 * an epoch++, which would be a later one. Processes do not get into each other's way: each has a
 * place.
 *
 * A ring that finds no descriptor, and one of somebody who is killed before it, wakes
 * nobody: so who sleeps looks from time to time all the same. Who polls by a loop of its own is
 * made to, by a timer beside the socket, wound at each clear. Who clears when the time is up
 * takes that from other threads, too, and looks for them.
 *
 *	died                                   left                 repaired by
 *	before its place had an id             a place              whoever rings or listens next
 *	as a listener                          a place              the same: its socket refuses
 *	between making a page and linking it   a block of 256 bytes nobody: the family's end
 *
 * A place is given up by turning its owner, who cannot come back, to 0. A fork's child has
 * another owner, and closes the socket it has inherited (held.h).
 */

#include "sync/bell.h"

#include <errno.h>
#include <pthread.h>

#include "base/error.h"
#include "base/sys_socket.h"
#include "heap/table.h"
#include "sync/held.h"

enum { PLACES_IN_BELL = 2, PLACES_IN_PAGE = 10, BIND_TRIES = 8, TICK_SECONDS = 1 };

struct bell_page {
	bell_page *_Atomic more;
	uint64_t reserved;
	bell_place place[PLACES_IN_PAGE];
};
_Static_assert(sizeof(bell_page) == 256, "a page is a small block");

/* Goes over all places: for (walk w = begin(bell); w.place; next(&w)). */
typedef struct walk {
	bell_place *place;
	bell_place *end;
	bell_page *_Atomic *more; /* where the next page is linked, or will be */
} walk;

static walk begin(bell *which)
{
	return (walk){which->place, which->place + PLACES_IN_BELL, &which->more};
}

static void next(walk *w)
{
	if (++w->place < w->end)
		return;
	bell_page *page = atomic_load(w->more);
	w->place = page ? page->place : NULL;
	w->end = page ? page->place + PLACES_IN_PAGE : NULL;
	if (page)
		w->more = &page->more;
}

static void give_up(bell_place *place, uint32_t owner)
{
	atomic_compare_exchange_strong(&place->owner, &owner, 0);
}

static void ring(bell_place *place, uint32_t owner)
{
	uint64_t id = atomic_load(&place->id);
	uint32_t epoch = atomic_load(&place->epoch);
	if (!id || atomic_load(&place->rung) == epoch)
		return;
	int r = sys_ring(id);
	if (r == 0)
		atomic_store(&place->rung, epoch);
	else if ((r == -ECONNREFUSED || r == -EAGAIN) && table_dead(owner))
		give_up(place, owner);
}

void bell_ring_all(bell *which)
{
	int saved = errno;
	for (walk w = begin(which); w.place; next(&w)) {
		uint32_t owner = atomic_load(&w.place->owner);
		if (owner)
			ring(w.place, owner);
	}
	errno = saved;
}

static bell_place *find(bell *which, uint32_t me)
{
	for (walk w = begin(which); w.place; next(&w))
		if (atomic_load(&w.place->owner) == me)
			return w.place;
	return NULL;
}

static bell_place *take_free(walk *w, uint32_t me)
{
	for (; w->place; next(w)) {
		uint32_t owner = 0;
		if (atomic_compare_exchange_strong(&w->place->owner, &owner, me) ||
		    (table_dead(owner) &&
		     atomic_compare_exchange_strong(&w->place->owner, &owner, me)))
			return w->place;
	}
	return NULL;
}

/* Links another page. It is the family's before it can be seen, else it would be swept with who
 * made it. */
static int add_page(bell_page *_Atomic *where)
{
	bell_page *none = NULL, *page = brood_calloc(1, sizeof(*page));
	if (!page)
		return -errno;
	brood_keep(page);
	if (!atomic_compare_exchange_strong(where, &none, page))
		brood_free(page);
	return 0;
}

static bell_place *take(bell *which, uint32_t me)
{
	walk w = begin(which);
	for (;;) {
		bell_place *place = take_free(&w, me);
		if (place || add_page(w.more) < 0)
			return place;
		w.place = atomic_load(w.more)->place;
		w.end = w.place + PLACES_IN_PAGE;
		w.more = &atomic_load(w.more)->more;
	}
}

static int cannot_listen(int err, const char *without)
{
	if (err == EMFILE || err == ENFILE)
		return error_set(err, "no file descriptor is left to wait with: close some, or "
				      "raise the limit (ulimit -n)");
	return error_set(err, "the system gives no %s to wait with", without);
}

static int bind_new(uint64_t *ret_id)
{
	int fd = -EADDRINUSE;
	for (int i = 0; i < BIND_TRIES && fd == -EADDRINUSE; i++) {
		*ret_id = sys_random();
		fd = sys_bell(*ret_id);
	}
	return fd < 0 ? cannot_listen(-fd, "socket") : fd;
}

static int listen(bell *which, uint32_t me)
{
	uint64_t id;
	int fd = bind_new(&id);
	if (fd < 0)
		return fd;
	fd = held_add(which, id, HELD_BELL, fd);
	bell_place *place = fd < 0 ? NULL : take(which, me);
	if (!place) {
		int err = fd < 0 ? -fd : errno;
		held_drop(which, id);
		return -err;
	}
	atomic_store(&place->id, id);
	atomic_fetch_add(&place->epoch, 1); /* whoever rang its predecessor has not rung it */
	atomic_store(&which->listened, 1);
	return fd;
}

/* One thread at a time takes a place or gives it up. In a new process no thread is doing so. */
static pthread_mutex_t listening = PTHREAD_MUTEX_INITIALIZER;

static void after_any_fork(void)
{
	listening = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

static _Atomic bool ever_listened;

/* At the first listening, and not before: the children of all others would pay for it. */
static int see_to_forks(void)
{
	if (ever_listened)
		return 0;
	if (pthread_atfork(NULL, NULL, after_any_fork))
		return error_set(ENOMEM, "no memory is left to prepare for forks");
	ever_listened = true;
	return 0;
}

static int find_or_listen(bell *which, uint32_t me)
{
	bell_place *place = find(which, me);
	int fd = place ? held_peek(which, atomic_load(&place->id)) : -ENOENT;
	if (place && fd < 0)
		give_up(place, me);
	return fd < 0 ? listen(which, me) : fd;
}

/* What a process holds beside its socket (held.h), each by an address in the bell: the timer, and
 * the descriptor of both. */
static const void *timer_of(const bell *which)
{
	return &which->reserved;
}

static const void *both_of(const bell *which)
{
	return &which->more;
}

static int add_timer(bell *which, uint64_t id, int socket)
{
	int timer = sys_timer();
	if (timer < 0)
		return cannot_listen(-timer, "timer");
	int r = held_add(timer_of(which), id, HELD_BELL, timer);
	if (r < 0)
		return r;
	sys_wind(timer, TICK_SECONDS);
	int both = sys_either(socket, timer);
	r = both < 0 ? cannot_listen(-both, "epoll")
		     : held_add(both_of(which), id, HELD_BELL, both);
	if (r < 0)
		held_drop(timer_of(which), id);
	return r;
}

static int find_or_add_timer(bell *which, uint32_t me, int socket)
{
	uint64_t id = atomic_load(&find(which, me)->id);
	int fd = held_peek(both_of(which), id);
	return fd < 0 ? add_timer(which, id, socket) : fd;
}

static int descriptor(bell *which, bool ticking)
{
	int r = heap_require();
	if (r == 0)
		r = see_to_forks();
	if (r < 0)
		return r;
	uint32_t me = table_owner(table_self());
	pthread_mutex_lock(&listening);
	int fd = find_or_listen(which, me);
	if (fd >= 0 && ticking)
		fd = find_or_add_timer(which, me, fd);
	pthread_mutex_unlock(&listening);
	return fd;
}

int bell_descriptor(bell *which)
{
	return descriptor(which, false);
}

int bell_ticking_descriptor(bell *which)
{
	return descriptor(which, true);
}

void bell_clear(bell *which)
{
	bell_place *place =
		atomic_load(&which->listened) ? find(which, table_owner(table_self())) : NULL;
	if (!place)
		return;
	uint64_t id = atomic_load(&place->id);
	int fd = held_peek(which, id);
	if (fd < 0)
		return;
	sys_hush(fd);
	int timer = held_peek(timer_of(which), id);
	if (timer >= 0)
		sys_wind(timer, TICK_SECONDS);
	atomic_fetch_add(&place->epoch, 1);
}

void bell_drop(bell *which)
{
	if (!ever_listened || !atomic_load(&which->listened))
		return;
	uint32_t me = table_owner(table_self());
	pthread_mutex_lock(&listening);
	bell_place *place = find(which, me);
	if (place) {
		uint64_t id = atomic_load(&place->id);
		held_drop(both_of(which), id);
		held_drop(timer_of(which), id);
		held_drop(which, id);
		give_up(place, me);
	}
	pthread_mutex_unlock(&listening);
}

void bell_end(bell *which)
{
	bell_drop(which);
	for (bell_page *page = atomic_load(&which->more), *following; page; page = following) {
		following = atomic_load(&page->more);
		brood_free(page);
	}
	atomic_store(&which->more, NULL);
}
