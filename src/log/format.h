/* SPDX-License-Identifier: MIT */
#ifndef LOG_FORMAT_H
#define LOG_FORMAT_H

/* Records as text: brood_log_format() and what goes with it. */

#include "brood/log.h"

/* How a handler formats; both may be NULL for the defaults. */
typedef struct formatter {
	char *format;
	char *datefmt;
} formatter;

/* Whether brood_log_format() would take it: how many fields it has, or -EINVAL with a sentence. */
int format_check(const char *format);

/* Frees both strings. */
void formatter_clear(formatter *f);

/* Copies both strings. Returns 0, or -ENOMEM (no sentence) with *to empty. */
int formatter_copy(formatter *to, const formatter *from);

/* A record as a line: formatted, with a newline at its end. */
typedef struct log_line {
	char *text; /* local, or allocated */
	size_t length;
	char local[1000];
} log_line;

/*
 * Formats a line of any length, with prefix before it. Where memory for a long
 * one is lacking it is cut. Freed with line_clear().
 */
void line_format(log_line *line, const brood_log_record *record, const formatter *f,
		 const char *prefix);
void line_clear(log_line *line);

/* Writes a line with one write(2), without SIGPIPE; failures are passed over. */
void line_write(const log_line *line, int fd);

#endif
