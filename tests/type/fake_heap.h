/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAKE_HEAP_H
#define TESTS_FAKE_HEAP_H

/*
 * A heap for the tests of the type layer alone: every block is one malloc(), so
 * that a sanitizer or valgrind sees each byte that is touched outside of it; and
 * allocations can be made to fail.
 */

#include "heap/heap.h"

/* The blocks in use. */
size_t fake_heap_live(void);

/* Lets the next n allocations succeed and those after fail; a negative n: none fails. */
void fake_heap_fail_after(int n);

#endif
