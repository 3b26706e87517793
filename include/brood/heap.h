/* SPDX-License-Identifier: MIT */
#ifndef BROOD_HEAP_H
#define BROOD_HEAP_H

/*
 * The family's heap: memory that every process of the family sees at the same
 * address, so that a pointer into it means the same thing everywhere. A program
 * may put its own shared data there:
 *
 *	struct counters *c = brood_calloc(1, sizeof(*c));
 *	brood_start(.target = worker, .args = BROOD_SHARE(c));
 *
 * It is a sparse file in memory (64 GiB of address space, no memory until
 * touched), mapped when the library is loaded. No process can leave it
 * inconsistent, whenever it is killed; no lock is taken to allocate. Blocks of
 * 33 bytes and more are aligned to a cache line.
 *
 * Every block has an owner: the process that allocated it. What a process
 * still owns when it has ended is freed, whether it returned or was killed; of one
 * that the program forked itself, once memory or its place is needed. A
 * block that must outlive its maker is kept with brood_keep(), or passed to the
 * process that adopts it with brood_adopt().
 *
 * The heap protects against the death of a process, not against malice: all
 * processes of a family trust each other.
 *
 * In the environment, BROOD_HEAP_SIZE sets the reserve in bytes (suffixes K, M,
 * G, T), of 1 MiB at least; more than 64 GiB or RLIMIT_FSIZE is cut to that.
 * Without it, or empty, the reserve is the least of 64 GiB, an eighth of RLIMIT_AS,
 * and RLIMIT_FSIZE. A program that calls mlockall() must set it to what it can
 * afford: locked, the whole reserve takes memory.
 *
 * Every function may be called from any thread; none but brood_heap_check()
 * blocks.
 */

#include <stdint.h>
#include <stdio.h>

#include "brood/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Allocates size bytes, uninitialised; a size of 0 gives a block of its own.
 * Returns the block, owned by the calling process until brood_free(),
 * brood_keep() or another process's brood_adopt(). NULL with errno ENOMEM: the
 * reserve is full (free blocks, or raise BROOD_HEAP_SIZE where it is below 64 GiB), or the system
 * or the memory cgroup has no memory left; nothing was changed.
 */
BROOD_API void *brood_alloc(size_t size);

/* brood_alloc() of count * size bytes that are zero; ENOMEM also on overflow. */
BROOD_API void *brood_calloc(size_t count, size_t size);

/*
 * brood_alloc() at a multiple of alignment, a power of two of at most 64 KiB
 * (else NULL with errno EINVAL). brood_realloc() does not keep the alignment.
 */
BROOD_API void *brood_aligned_alloc(size_t alignment, size_t size);

/*
 * Resizes a block, moving it if need be; its content is kept up to the smaller
 * size, and so is its owner. NULL for ptr allocates; a size of 0 is one of 1. On
 * failure returns NULL, and ptr is as it was: ENOMEM as brood_alloc(), EINVAL
 * when ptr is no block of this heap, or a pickled value. Only the side that owns the pointer may
 * resize it: other processes that hold it are left with a stale one.
 */
BROOD_API void *brood_realloc(void *ptr, size_t size);

/*
 * Frees a block, or a pickled value (from brood_copy(), or received), whoever owns
 * it. NULL is allowed and does nothing. Returns 0; -EINVAL when ptr is no block
 * of this heap, has already been freed, or is an object of the library (a queue,
 * a lock, a process), which its own function frees; then nothing is changed.
 */
BROOD_API int brood_free(void *ptr);

/* The bytes usable in a block (at least those asked for); 0 with errno EINVAL for no block. */
BROOD_API size_t brood_alloc_size(const void *ptr);

/* Whether ptr points into the family's heap, at a block or not. */
BROOD_API bool brood_heap_contains(const void *ptr);

/*
 * Makes the block the family's: it stays, whoever ends, until it is freed.
 * Returns 0, or -EINVAL for no block.
 */
BROOD_API int brood_keep(void *ptr);

/* Makes the calling process the block's owner. Returns 0, or -EINVAL for no block. */
BROOD_API int brood_adopt(void *ptr);

/* What the heap holds; sizes in bytes. Read while others allocate: a snapshot of moving things. */
typedef struct brood_heap_stats {
	size_t reserve;	  /* address space */
	size_t in_use;	  /* in blocks, rounded up to the sizes they come in */
	size_t blocks;	  /* blocks in use */
	size_t owned;	  /* of these, blocks of the calling process */
	size_t committed; /* memory taken from the system for blocks, free ones included */
	size_t cached;	  /* of this, freed large blocks kept for reuse */
} brood_heap_stats;

/*
 * Fills *out. Returns 0, -EINVAL when out is NULL, or the negative errno for which
 * there is no heap. Takes time in proportion to the heap.
 */
BROOD_API int brood_heap_stats_get(brood_heap_stats *out);

/*
 * Frees what processes that have ended still own, and returns to the system all
 * memory that no block needs: freed large blocks are otherwise kept for reuse, up
 * to 64 MiB in all, for about a second of use, and of the chunks that small blocks
 * are cut from, one of each size. Done by itself when an allocation finds no memory. Returns the
 * bytes returned, or the negative errno for which there is no heap. Takes time in proportion to the
 * heap.
 */
BROOD_API long long brood_heap_trim(void);

/*
 * Verifies the heap's own records, while others may go on using it, and writes a
 * line to report (may be NULL) for each inconsistency that persists. Returns
 * how many there are: anything but 0 is a bug in brood or a stray write of the
 * program. A negative errno when there is no heap, or no memory for the check. Takes time in
 * proportion to the heap.
 */
BROOD_API long long brood_heap_check(FILE *report);

/*
 * Whether core dumps hold the heap's blocks; they do not by default (the reserve
 * is never dumped). For the calling process and those it forks afterwards; of
 * what other processes allocate later, a dump holds nothing. Returns 0, or the
 * negative errno for which there is no heap.
 */
BROOD_API int brood_heap_set_dumpable(bool dumpable);

#ifdef __cplusplus
}
#endif

#endif
