/* SPDX-License-Identifier: MIT */
#ifndef HEAP_MEMORY_H
#define HEAP_MEMORY_H

/* Memory behind the heap's addresses: taken before it is used, so that no store meets SIGBUS. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Once, when the heap's descriptor is known. */
void memory_begin(void);

/* Whether heap_map.fd still is the heap's: a program may close all descriptors, and give its number
 * to a file of its own. */
bool memory_descriptor_is_ours(void);

/* Gives a range of whole pages its memory. Returns 0, or a negative errno with its sentence. */
int memory_take(void *start, size_t length);

/* Takes it back: the range reads as zero. */
void memory_give_back(void *start, size_t length);

/*
 * Makes sure that item `index` of a table has its memory: *backed says how many
 * have (it only grows), of count. Returns 0 or -ENOMEM with its sentence.
 */
int memory_back(void *table, size_t item, uint32_t count, _Atomic uint32_t *backed, uint32_t index);

/* Lets core dumps hold the ranges taken from now on. */
void memory_set_dumpable(bool dumpable);

/* Applies that to one range in use. */
void memory_mark(void *start, size_t length, bool dumpable);

#endif
