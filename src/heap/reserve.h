/* SPDX-License-Identifier: MIT */
#ifndef HEAP_RESERVE_H
#define HEAP_RESERVE_H

/* How large the heap's address space is to be. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An owner word can name an object anywhere in this much (owner.h). */
#define RESERVE_MAX	 (UINT64_C(64) << 30)
#define RESERVE_MIN	 (UINT64_C(1) << 20)
#define RESERVE_VALGRIND (UINT64_C(256) << 20)

/* "4M" as 4194304: digits, then nothing or one of KMGT. False when it is not that, or 0. */
bool reserve_parse(const char *text, uint64_t *ret);

/*
 * The reserve in bytes, a multiple of the page size, from the environment and
 * the limits of this process. Returns 0, or a negative errno with why in
 * sentence.
 */
int reserve_size(uint64_t *ret, char *sentence, size_t size);

/*
 * What to say after "free blocks" and the like when a reserve is exhausted: that it
 * can be set larger, or nothing where it cannot.
 */
const char *reserve_advice(uint64_t reserve);

#endif
