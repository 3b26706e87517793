/* SPDX-License-Identifier: MIT */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stddef.h>

/*
 * Copies a caller's struct of options, which begins with its own size as a size_t. One of a program
 * that was compiled with an older header is shorter: what it lacks stays as it is in *ret, which
 * has size bytes. `instead` names what fills in the size. Returns 0 or -EINVAL with a sentence.
 */
int options_copy(const void *given, void *ret, size_t size, const char *instead);

#endif
