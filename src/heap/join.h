/* SPDX-License-Identifier: MIT */
#ifndef HEAP_JOIN_H
#define HEAP_JOIN_H

/*
 * How a process in which a program is run anew joins its family. Its parent leaves
 * the heap's descriptor open for it, and a word in its environment that says
 * where the heap is to be mapped and which slot of the process table is its own. The
 * library finds the word when it is loaded, before other code of the program
 * runs, and takes it out again.
 */

#include "heap/table.h"

enum { JOIN_WORD_SIZE = 160 };

/*
 * The word, "BROOD_BIRTH=...", for a process with this place. message is a pointer
 * into the heap that the process will find.
 */
void join_word(char word[JOIN_WORD_SIZE], table_place place, const void *message);

/* The descriptor that must stay open across the exec; -EBADF with its sentence when the program has
 * closed it. */
int join_descriptor(void);

/* The word in this process's environment, taken out of it; false when it has none. */
typedef struct join_order {
	int fd;
	char *base;
	size_t reserve;
	uint32_t slot;
	uint32_t generation;
	void *message;
	int attempt; /* counts up while the address space has no room at the base */
} join_order;
bool join_find(join_order *ret);

/* Whether this process had such a word: it is one of a family's, or should have been. */
bool join_wanted(void);

/* Starts the program once more, in a new address space; returns only when that failed. */
void join_again(const join_order *order, char **argv, char **envp);

/* What the parent left for this process; NULL in a program started otherwise. */
void *join_message(void);
void join_set_message(void *message);

#endif
