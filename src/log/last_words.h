/* SPDX-License-Identifier: MIT */
#ifndef LOG_LAST_WORDS_H
#define LOG_LAST_WORDS_H

/*
 * What a process logged last, shown or not, in the heap, where it is found whatever ended the
 * process. A ring of lines; a line is complete once its number is written, and whoever reads
 * passes over others. The ring is made with the first line.
 */

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include "brood/log.h"

enum {
	LAST_WORDS_LINES = 16,
	LAST_WORDS_MOST = 4096,
	LAST_WORDS_LEVEL = BROOD_LOG_DEBUG,
	LAST_WORDS_TEXT = 216,
};

typedef struct last_words_line {
	_Atomic uint64_t number; /* from 1 on; 0 while it is written */
	int64_t seconds;
	int32_t nanoseconds;
	int32_t level;
	char logger[16];
	char text[LAST_WORDS_TEXT];
} last_words_line;
_Static_assert(sizeof(last_words_line) == 256, "the size that log.h promises");

typedef struct last_words {
	_Atomic uint64_t written;
	last_words_line lines[];
} last_words;

/* Where a process's ring is, and how many lines it is to have. */
struct last_words_place {
	last_words *_Atomic ring;
	uint32_t lines;
};

/* Once: how to find the calling process's place, NULL for none. A new process need not tell. */
void last_words_ask(struct last_words_place *(*place)(void));

/* How many lines the processes made by this one are to have. */
uint32_t last_words_default(void);

/* Keeps a line. Its arguments stay usable. */
void last_words_add(const brood_logger *logger, int level, const char *format, va_list args);

/* Whether it would be kept. */
bool last_words_wants(int level);

#endif
