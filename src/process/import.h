/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_IMPORT_H
#define PROCESS_IMPORT_H

/*
 * Finds the function that "module.so:function" or "function" names, loading the
 * module if need be; it stays loaded. Returns 0, or with a sentence -EINVAL (not of
 * this form, no function), -ENOENT (no such module or symbol), -ELIBBAD (the
 * module cannot be loaded).
 */
int import_function(const char *import, void (**ret)(void *));

#endif
