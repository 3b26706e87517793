/* SPDX-License-Identifier: MIT */
#ifndef BASE_REFERENCE_H
#define BASE_REFERENCE_H

/*
 * Functions as they cross exec: the module that holds the function, and the offset in it, as
 * pickle passes a function by its module and name. Needs no registration; static
 * functions and those of loaded plugins work.
 */

#include <limits.h>
#include <stdint.h>

enum { REFERENCE_ID_SIZE = 32 };

typedef void (*any_function)(void);

typedef struct reference {
	uint64_t offset;		     /* from where the module is loaded */
	unsigned char id[REFERENCE_ID_SIZE]; /* the module's build-id, or a hash of its headers */
	char path[PATH_MAX];		     /* to load it from; "" for the program itself */
} reference;

/*
 * Refers to a function of this process. Returns 0, or -EINVAL with a sentence when
 * it does not lie in a program or library (a nested function, generated code).
 */
int reference_to(any_function function, reference *ret);

/*
 * Finds the function in this process, loading its module if need be. Returns 0, or
 * -ENOENT with a sentence when there is no such module, or another of that name.
 */
int reference_find(const reference *from, any_function *ret);

/*
 * Notes what is loaded now, so that processes forked from this one find a function there without
 * asking the loader, which costs a new process a good many page faults.
 */
void reference_note_modules(void);

/* The function, if its module was loaded when they were noted; else NULL. */
any_function reference_noted(const reference *from);

#endif
