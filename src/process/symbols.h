/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_SYMBOLS_H
#define PROCESS_SYMBOLS_H

/*
 * Names for code addresses: function, file and line from debug information, read
 * with elfutils' libdw, which is loaded when it is first needed and not missed
 * when absent; else the dynamic symbol table's function and the module. Of a static
 * program the offset in it is all that there is.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct symbolizer symbolizer;

/* What is known of a frame; strings are borrowed from the symbolizer, NULL when unknown. */
typedef struct symbol {
	const char *function;
	uintptr_t offset;      /* in function, or when there is none as the module's file counts */
	const char *file;      /* as the compiler was told */
	const char *directory; /* where the compiler ran, for a relative file */
	int line;
	const char *module; /* the program or library */
} symbol;

/* For this process as it is now; NULL when out of memory. symbolizer_free() ends it. */
symbolizer *symbolizer_new(void);
void symbolizer_free(symbolizer *names);

/*
 * The frames that an address stands for, innermost first: more than one where the
 * compiler has inlined calls. Fills at most max, at least 1, and returns how many.
 */
int symbolizer_find(symbolizer *names, const void *address, symbol *ret, int max);

/* Whether the address is in the C library or its loader; never in a static program. */
bool symbolizer_in_library(const symbolizer *names, const void *address);

/* Whether it is in the function of theirs that runs main(), or what atexit() registered. */
bool symbolizer_in_root(const symbolizer *names, const void *address);

#endif
