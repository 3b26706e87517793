/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_ALLOCATIONS_H
#define TESTS_FAULTS_ALLOCATIONS_H

/* What the library has allocated from libc and not freed: exact, and under any allocator. */

#include <stddef.h>

/* Takes note of a new allocation (NULL is none), and returns it. */
void *allocations_add(void *allocation);
void allocations_remove(void *allocation);
size_t allocations_count(void);

#endif
