/* SPDX-License-Identifier: MIT */

/*
 * The mapping is made by an early constructor of the library, before whatever
 * else a program may do twice (fork, exec a child that maps it again), and never
 * fails loudly: a program that links the library and does not use it runs as
 * before. What went wrong is kept for heap_require().
 *
 * The address is a constant of the build. Under ThreadSanitizer a hint outside
 * its own ranges kills the process, so there is nothing to try but the one. A
 * family that only forks inherits the mapping, and does not mind where it is;
 * so the last resort is where the kernel wants it.
 */

#include "heap/map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sys.h"
#include "heap/join.h"
#include "heap/memory.h"
#include "heap/reserve.h"

#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define MAP_FOR_TSAN
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define MAP_FOR_TSAN
#endif

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

#define MAP_MAGIC UINT64_C(0x70616568646f7262) /* "broodheap", cut */

enum {
	MAP_VERSION = 1,
	PAGE = 4096,
	NEAR_SLOTS_AT = sizeof(heap_superblock),
	GROUPS_AT = NEAR_SLOTS_AT + HEAP_NEAR_SLOTS * sizeof(process_slot),
};
_Static_assert(GROUPS_AT + PAGE <= HEAP_NEAR_SIZE, "the hot records are near");

/* Each start of a program has another layout; so many without room are no accident. */
enum { JOIN_ATTEMPTS = 8 };

/* 0 lets the kernel choose. The second is for 39-bit address spaces, and valgrind. */
static const uintptr_t addresses[] = {
#ifdef MAP_FOR_TSAN
	UINT64_C(0x7ea000000000),
#else
	UINT64_C(0x300000000000),
	UINT64_C(0x3000000000),
#endif
	0,
};

struct heap_map heap_map = {.fd = -1};

static struct {
	int err;
	char sentence[256];
} failure = {ENOMEM, "the library has not been loaded yet"};

int heap_require(void)
{
	if (!heap_map.base)
		return error_set(failure.err, "there is no shared heap: %s", failure.sentence);
	if (!table_self())
		return error_set(EAGAIN, "no place for this process is left in the process table");
	return 0;
}

static char *map_somewhere(int fd, size_t size)
{
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		void *want = (void *)addresses[i];
		int fixed = want ? MAP_FIXED_NOREPLACE : 0;
		void *got = mmap(want, size, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_NORESERVE | fixed, fd, 0);
		if (got == MAP_FAILED)
			continue;
		/* valgrind does not know the flag, and takes the address for a hint. */
		if (!want || got == want)
			return got;
		munmap(got, size);
	}
	return NULL;
}

static size_t round_up(size_t value, size_t multiple)
{
	return (value + multiple - 1) / multiple * multiple;
}

static void lay_out(char *base, size_t reserve)
{
	size_t slots = reserve >> 15;
	if (slots < HEAP_NEAR_SLOTS)
		slots = HEAP_NEAR_SLOTS;
	if (slots > HEAP_MAX_SLOTS)
		slots = HEAP_MAX_SLOTS;
	size_t row = HEAP_ROW_WORDS * sizeof(uint32_t);
	size_t chunks = reserve / (HEAP_CHUNK_SIZE + row) + 1;
	size_t groups, far_at, rows_at, chunks_at;
	do {
		chunks--;
		groups = (chunks + HEAP_GROUP_CHUNKS - 1) / HEAP_GROUP_CHUNKS;
		far_at = round_up(GROUPS_AT + groups * sizeof(heap_group), PAGE);
		rows_at = round_up(far_at + (slots - HEAP_NEAR_SLOTS) * sizeof(process_slot), PAGE);
		chunks_at = rows_at + chunks * row;
		/* By address: where the kernel chose the base, it need not be a multiple. */
		chunks_at = round_up((size_t)base + chunks_at, HEAP_CHUNK_SIZE) - (size_t)base;
	} while (chunks_at + chunks * HEAP_CHUNK_SIZE > reserve);
	heap_map = (struct heap_map){
		.super = (void *)base,
		.near_slots = (void *)(base + NEAR_SLOTS_AT),
		.far_slots = (void *)(base + far_at),
		.groups = (void *)(base + GROUPS_AT),
		.rows = (void *)(base + rows_at),
		.chunks = base + chunks_at,
		.base = base,
		.reserve = reserve,
		.chunk_count = (uint32_t)chunks,
		.group_count = (uint32_t)groups,
		.slot_count = (uint32_t)slots,
		.fd = heap_map.fd,
	};
}

static void found(void)
{
	heap_superblock *super = heap_map.super;
	super->version = MAP_VERSION;
	super->header_size = sizeof(*super);
	super->reserve = heap_map.reserve;
	super->base = (uintptr_t)heap_map.base;
	super->chunks_at = (uint64_t)(heap_map.chunks - heap_map.base);
	super->chunks = heap_map.chunk_count;
	super->slots = heap_map.slot_count;
	uint32_t near_groups = (HEAP_NEAR_SIZE - GROUPS_AT) / sizeof(heap_group);
	if (near_groups > heap_map.group_count)
		near_groups = heap_map.group_count;
	atomic_store(&super->groups_backed, near_groups);
	super->magic = MAP_MAGIC;
}

bool map_valid(void)
{
	const heap_superblock *super = heap_map.super;
	return super->magic == MAP_MAGIC && super->version == MAP_VERSION &&
	       super->header_size == sizeof(*super) && super->reserve == heap_map.reserve &&
	       super->base == (uintptr_t)heap_map.base && super->chunks == heap_map.chunk_count &&
	       super->slots == heap_map.slot_count &&
	       super->chunks_at == (uint64_t)(heap_map.chunks - heap_map.base);
}

/* Returns 0, or the negative errno of the step that failed. */
static int map_reserve(size_t reserve)
{
	int fd = sys_memfd("brood-heap", reserve);
	if (fd < 0)
		return fd;
	char *base = map_somewhere(fd, reserve);
	if (!base) {
		int err = errno;
		close(fd);
		return -err;
	}
	/* A core dump would fault in every hole and hold the whole reserve. */
	madvise(base, reserve, MADV_DONTDUMP);
	heap_map.fd = fd;
	memory_begin();
	int r = memory_take(base, HEAP_NEAR_SIZE);
	if (r < 0) {
		munmap(base, reserve);
		close(fd);
		heap_map.fd = -1;
		return r;
	}
	lay_out(base, reserve);
	return 0;
}

/* Makes a family's heap, with this process as its root. */
static int make(void)
{
	uint64_t reserve;
	int r = reserve_size(&reserve, failure.sentence, sizeof(failure.sentence));
	if (r < 0)
		return r;
	do {
		r = map_reserve(reserve);
		reserve = reserve / 2 & ~(uint64_t)(PAGE - 1);
	} while (r == -ENOMEM && reserve >= RESERVE_MIN);
	if (r < 0) {
		snprintf(failure.sentence, sizeof(failure.sentence),
			 "mapping a memory file failed: %s; check ulimit -v, ulimit -n, the memory "
			 "that is left, and whether a sandbox refuses memfd_create",
			 strerror(-r));
		return r;
	}
	found();
	table_found();
	return 0;
}

/* Maps the family's heap where the others have it. Something of this program may be there: then
 * it is started again, since the kernel lays out each start anew. */
static int join(const join_order *order, char **argv, char **envp)
{
	fcntl(order->fd, F_SETFD, FD_CLOEXEC);
	char *base = mmap(order->base, order->reserve, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, order->fd, 0);
	if (base != order->base) {
		int err = base == MAP_FAILED ? errno : EEXIST;
		if (err == EEXIST && order->attempt < JOIN_ATTEMPTS)
			join_again(order, argv, envp);
		snprintf(failure.sentence, sizeof(failure.sentence),
			 "the family's heap cannot be mapped at %p: %s; check ulimit -v, or set "
			 "BROOD_HEAP_SIZE smaller for its root, which gives it another place",
			 (void *)order->base, strerror(err));
		return -err;
	}
	madvise(base, order->reserve, MADV_DONTDUMP);
	heap_map.fd = order->fd;
	memory_begin();
	lay_out(base, order->reserve);
	if (!map_valid() || order->slot >= heap_map.slot_count) {
		heap_map.base = NULL;
		snprintf(failure.sentence, sizeof(failure.sentence),
			 "the family's heap was made by another version of the library");
		return -EPROTO;
	}
	join_set_message(order->message);
	table_move((table_place){map_slot(order->slot), order->generation}, true);
	return 0;
}

/* glibc passes these to constructors, in libraries and programs alike. */
__attribute__((constructor(101))) static void map_begin(int argc, char **argv, char **envp)
{
	(void)argc;
	join_order order;
	int saved = errno;
	failure.err = join_find(&order) ? -join(&order, argv, envp) : -make();
	errno = saved;
}
