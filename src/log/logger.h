/* SPDX-License-Identifier: MIT */
#ifndef LOG_LOGGER_H
#define LOG_LOGGER_H

/* The tree of loggers. Loggers are never freed, and their names never change. */

#include "brood/log.h"
#include "log/handler.h"

struct brood_logger {
	const char *name;
	brood_logger *parent; /* NULL for the root */
	brood_logger *next;   /* in the list of all but the root */
	_Atomic int level;
	_Atomic bool quiet;    /* does not propagate */
	_Atomic bool disabled; /* by a configuration file */
	_Atomic bool asked;    /* by the program or a configuration; not only a name's prefix */
	handler_slot handlers;
};

extern brood_logger logger_root, logger_multiprocessing;

/* As brood_logger_get(), without counting as asked for. */
brood_logger *logger_obtain(const char *name);

/* All loggers but the root, in no order; goes on with next. */
brood_logger *logger_first(void);

/* As brood_logger_add_handler_owned(), for handlers that do not look at the time. */
long logger_add_handler(brood_logger *logger, int level, brood_log_handler emit, void *data,
			void (*release)(void *data));

/* "INFO"; for a level without a name "Level 7", written to storage. */
const char *level_name(int level, char storage[24]);

/* The level of a name, or -ENOENT (no sentence). */
int level_of(const char *name);

#endif
