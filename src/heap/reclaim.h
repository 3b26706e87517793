/* SPDX-License-Identifier: MIT */
#ifndef HEAP_RECLAIM_H
#define HEAP_RECLAIM_H

#include <stddef.h>

/*
 * Returns to the system all memory that no block needs, and sets the hints right by
 * which free blocks are found. Walks over the heap. Returns the bytes.
 */
size_t reclaim_all(void);

#endif
