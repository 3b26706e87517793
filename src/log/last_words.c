/* SPDX-License-Identifier: MIT */

#include "log/last_words.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/newborn.h"
#include "heap/heap.h"
#include "log/logger.h"

static struct last_words_place *(*place)(void);
NEWBORN_DATA static _Atomic uint32_t lines = LAST_WORDS_LINES;

void last_words_ask(struct last_words_place *(*how)(void))
{
	place = how;
}

uint32_t last_words_default(void)
{
	return lines;
}

NEWBORN int brood_log_set_last_words(int count)
{
	if (count < 0 || count > LAST_WORDS_MOST)
		return error_set(EINVAL, "%d last words: it takes 0 (none) to %d lines", count,
				 LAST_WORDS_MOST);
	lines = (uint32_t)count;
	return 0;
}

bool last_words_wants(int level)
{
	return level >= LAST_WORDS_LEVEL && place && place();
}

/* The ring, made by the first that needs it; NULL without memory. */
static last_words *obtain(struct last_words_place *where)
{
	last_words *ring = atomic_load(&where->ring), *none = NULL;
	if (ring || where->lines == 0 || where->lines > LAST_WORDS_MOST)
		return ring;
	ring = brood_calloc(1, sizeof(*ring) + where->lines * sizeof(ring->lines[0]));
	if (ring && !atomic_compare_exchange_strong(&where->ring, &none, ring)) {
		brood_free(ring);
		ring = none;
	}
	return ring;
}

static void write_line(last_words_line *line, uint64_t number, const brood_logger *logger,
		       int level, const char *format, va_list args)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	atomic_store(&line->number, 0);
	line->seconds = now.tv_sec;
	line->nanoseconds = (int32_t)now.tv_nsec;
	line->level = level;
	snprintf(line->logger, sizeof(line->logger), "%s", logger->name);
	if (vsnprintf(line->text, sizeof(line->text), format, args) < 0)
		snprintf(line->text, sizeof(line->text), "%s", format);
	/* Pairs with the acquire of whoever reads the lines. */
	atomic_store_explicit(&line->number, number, memory_order_release);
}

void last_words_add(const brood_logger *logger, int level, const char *format, va_list args)
{
	int saved = errno;
	struct last_words_place *where = place();
	last_words *ring = where ? obtain(where) : NULL;
	if (ring) {
		va_list again;
		va_copy(again, args);
		uint64_t before = atomic_fetch_add(&ring->written, 1);
		errno = saved; /* for %m */
		write_line(&ring->lines[before % where->lines], before + 1, logger, level, format,
			   again);
		va_end(again);
	}
	errno = saved;
}
