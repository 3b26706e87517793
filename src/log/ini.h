/* SPDX-License-Identifier: MIT */
#ifndef LOG_INI_H
#define LOG_INI_H

/* An INI file in memory, as Python's configparser would see it, with its lines' numbers. */

#include "brood/base.h"

typedef struct ini_entry {
	struct ini_entry *next;
	char *section;
	char *key; /* "" for the section's own line */
	char *value;
	int line;
} ini_entry;

typedef struct ini_file {
	const char *path;
	char *text; /* what was read */
	ini_entry *first, **last;
} ini_file;

/* Reads a file, or this text, which was once read from it; path is borrowed. Returns 0, or a
 * negative errno with a sentence. */
int ini_load(ini_file *file, const char *path, const char *text);
void ini_clear(ini_file *file);

/* A section's own line, or NULL. */
const ini_entry *ini_section(const ini_file *file, const char *section);

/* A key of a section, or else of [DEFAULT]; or NULL. Keys are the same in any case. */
const ini_entry *ini_find(const ini_file *file, const char *section, const char *key);

/*
 * The value of an entry, looked up from a section, with %(key)s replaced by that
 * key's value and %% by a percent sign. The caller frees *ret. Returns 0, or a
 * negative errno with a sentence.
 */
int ini_expand(const ini_file *file, const char *section, const ini_entry *entry, char **ret);

/* Records the sentence "PATH:LINE: ..." and returns -err. */
int ini_fail(const ini_file *file, int line, int err, const char *format, ...) BROOD_PRINTF(4, 5);

#endif
