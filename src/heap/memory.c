/* SPDX-License-Identifier: MIT */

/*
 * Pages are taken with fallocate, which costs a third of touching them and
 * leaves their clearing to the first use. That needs the descriptor, and a
 * program may have closed it (daemons close all they have) and got its number
 * for a file of its own; so it is looked at before each use, and when it is
 * ours no more, madvise does the same through the mapping.
 *
 * A memory cgroup does not refuse memory, it kills; so its limit is read, and
 * memory is refused here before it is near. Reading costs some file reads, so it
 * is done once for a budget of bytes, not for each call.
 */

#include "heap/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cgroup.h"
#include "base/error.h"
#include "base/sys.h"
#include "heap/map.h"

#define MARGIN_MIN   (INT64_C(16) << 20)
#define BUDGET_MAX   (INT64_C(1) << 30)
#define BACKING_STEP ((size_t)65536)

static struct {
	dev_t device;
	ino_t inode;
	_Atomic int64_t budget;
	_Atomic bool dumpable;
} memory;

void memory_begin(void)
{
	struct stat file = {0};
	fstat(heap_map.fd, &file);
	memory.device = file.st_dev;
	memory.inode = file.st_ino;
}

bool memory_descriptor_is_ours(void)
{
	struct stat file;
	return fstat(heap_map.fd, &file) == 0 && file.st_dev == memory.device &&
	       file.st_ino == memory.inode;
}

/* Whether the memory cgroup has room for this and a margin. */
static bool cgroup_allows(size_t length)
{
	int64_t need = (int64_t)length;
	if (atomic_fetch_sub_explicit(&memory.budget, need, memory_order_relaxed) >= need)
		return true;
	int64_t left = cgroup_memory_left();
	if (left == INT64_MAX) {
		atomic_store_explicit(&memory.budget, BUDGET_MAX, memory_order_relaxed);
		return true;
	}
	int64_t margin = left / 20 > MARGIN_MIN ? left / 20 : MARGIN_MIN;
	int64_t spare = left - margin - need;
	/* Others draw on the same limit: look again after an eighth of it. */
	int64_t budget = spare / 8 < BUDGET_MAX ? spare / 8 : BUDGET_MAX;
	atomic_store_explicit(&memory.budget, spare > 0 ? budget : 0, memory_order_relaxed);
	return spare >= 0;
}

static int take(void *start, size_t length)
{
	if (heap_map.base && !memory_descriptor_is_ours())
		return sys_populate(start, length);
	off_t offset = heap_map.base ? (char *)start - heap_map.base : 0;
	int r = sys_allocate(heap_map.fd, offset, (off_t)length);
	return r == -ENOSYS || r == -EPERM ? sys_populate(start, length) : r; /* a sandbox */
}

int memory_take(void *start, size_t length)
{
	if (!cgroup_allows(length))
		return error_set(ENOMEM,
				 "the memory cgroup has no room for %zu more bytes of shared heap: "
				 "raise its limit, or free blocks",
				 length);
	int r = take(start, length);
	if (r < 0)
		return error_set(ENOMEM,
				 "the system has no memory for %zu more bytes of shared heap (%s): "
				 "free blocks, or end what uses it",
				 length, strerror(-r));
	if (atomic_load_explicit(&memory.dumpable, memory_order_relaxed))
		memory_mark(start, length, true);
	return 0;
}

void memory_give_back(void *start, size_t length)
{
	sys_remove(start, length);
	if (atomic_load_explicit(&memory.dumpable, memory_order_relaxed))
		memory_mark(start, length, false);
}

int memory_back(void *table, size_t item, uint32_t count, _Atomic uint32_t *backed, uint32_t index)
{
	uint32_t have;
	while ((have = atomic_load(backed)) <= index) {
		uintptr_t from = ((uintptr_t)table + have * item) & ~(uintptr_t)4095;
		uintptr_t end = ((uintptr_t)table + count * item + 4095) & ~(uintptr_t)4095;
		size_t length = end - from < BACKING_STEP ? end - from : BACKING_STEP;
		int r = memory_take((void *)from, length);
		if (r < 0)
			return r;
		size_t items = (from + length - (uintptr_t)table) / item;
		map_raise(backed, items < count ? (uint32_t)items : count);
	}
	return 0;
}

void memory_set_dumpable(bool dumpable)
{
	atomic_store(&memory.dumpable, dumpable);
}

void memory_mark(void *start, size_t length, bool dumpable)
{
	/* May fail where the ranges are more than the kernel's limit of mappings: then they
	 * are as they were. */
	madvise(start, length, dumpable ? MADV_DODUMP : MADV_DONTDUMP);
}
