/* SPDX-License-Identifier: MIT */
/*
 * Loggers form a list to which they are only added, with one compare-and-swap,
 * so that neither a search nor a fork meets a half-made one. A new logger's
 * parents are made with it; that they exist shows nowhere.
 */

#include "log/logger.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/newborn.h"
#include "log/zone.h"

brood_logger logger_root = {.name = "root", .level = BROOD_LOG_WARNING};
brood_logger logger_multiprocessing = {
	.name = "multiprocessing", .parent = &logger_root, .quiet = true};

static brood_logger *_Atomic loggers = &logger_multiprocessing;

static const struct {
	int level;
	const char *name;
} level_names[] = {
	{BROOD_LOG_NOTSET, "NOTSET"},	{BROOD_LOG_SUBDEBUG, "SUBDEBUG"},
	{BROOD_LOG_DEBUG, "DEBUG"},	{BROOD_LOG_INFO, "INFO"},
	{BROOD_LOG_WARNING, "WARNING"}, {BROOD_LOG_SUBWARNING, "SUBWARNING"},
	{BROOD_LOG_ERROR, "ERROR"},	{BROOD_LOG_CRITICAL, "CRITICAL"},
	{BROOD_LOG_WARNING, "WARN"},	{BROOD_LOG_CRITICAL, "FATAL"},
};
enum { LEVEL_NAMES = sizeof(level_names) / sizeof(level_names[0]) };

const char *level_name(int level, char storage[24])
{
	for (int i = 0; i < LEVEL_NAMES; i++)
		if (level_names[i].level == level)
			return level_names[i].name;
	snprintf(storage, 24, "Level %d", level);
	return storage;
}

int level_of(const char *name)
{
	for (int i = 0; i < LEVEL_NAMES; i++)
		if (strcmp(level_names[i].name, name) == 0)
			return level_names[i].level;
	return -ENOENT;
}

brood_logger *logger_first(void)
{
	return loggers;
}

static brood_logger *find(brood_logger *from, const char *name, size_t length)
{
	while (from && (strncmp(from->name, name, length) != 0 || from->name[length]))
		from = from->next;
	return from;
}

static brood_logger *make(const char *name, size_t length, brood_logger *parent)
{
	brood_logger *logger = calloc(1, sizeof(*logger) + length + 1);
	if (!logger)
		return NULL;
	char *copy = (char *)(logger + 1);
	memcpy(copy, name, length);
	logger->name = copy;
	logger->parent = parent;
	return logger;
}

static brood_logger *find_or_make(const char *name, size_t length, brood_logger *parent)
{
	brood_logger *head = loggers, *made = NULL;
	for (;;) {
		brood_logger *found = find(head, name, length);
		if (found) {
			free(made);
			return found;
		}
		if (!made && !(made = make(name, length, parent)))
			return error_null(ENOMEM, "no memory for logger '%.100s'", name);
		made->next = head;
		if (atomic_compare_exchange_strong(&loggers, &head, made))
			return made;
	}
}

brood_logger *logger_obtain(const char *name)
{
	brood_logger *logger = &logger_root;
	if (name[0] == '\0' || strcmp(name, "root") == 0)
		return logger;
	/* A dot in front has no parent's name before it. */
	for (const char *dot = strchr(name + 1, '.'); dot && logger; dot = strchr(dot + 1, '.'))
		logger = find_or_make(name, (size_t)(dot - name), logger);
	return logger ? find_or_make(name, strlen(name), logger) : NULL;
}

brood_logger *brood_logger_get(const char *name)
{
	if (!name)
		return error_null(EINVAL, "the logger's name is NULL: \"\" is the root logger's");
	brood_logger *logger = logger_obtain(name);
	if (logger)
		logger->asked = true;
	return logger;
}

brood_logger *brood_get_logger(void)
{
	logger_multiprocessing.asked = true;
	return &logger_multiprocessing;
}

const char *brood_logger_name(const brood_logger *logger)
{
	return logger ? logger->name : "";
}

static int check_level(int level)
{
	if (level < 0)
		return error_set(EINVAL, "the log level %d is negative: use BROOD_LOG_INFO or such",
				 level);
	return 0;
}

int brood_logger_set_level(brood_logger *logger, int level)
{
	if (!logger)
		return error_absent("logger");
	int r = check_level(level);
	if (r == 0)
		logger->level = level;
	return r;
}

int brood_logger_level(const brood_logger *logger)
{
	return logger ? logger->level : error_absent("logger");
}

NEWBORN static int effective_level(const brood_logger *logger)
{
	for (; logger; logger = logger->parent)
		if (logger->level != BROOD_LOG_NOTSET)
			return logger->level;
	return BROOD_LOG_NOTSET;
}

int brood_logger_effective_level(const brood_logger *logger)
{
	return logger ? effective_level(logger) : error_absent("logger");
}

NEWBORN bool brood_logger_is_enabled(const brood_logger *logger, int level)
{
	return logger && !logger->disabled && level >= effective_level(logger);
}

int brood_logger_set_propagate(brood_logger *logger, bool propagate)
{
	if (!logger)
		return error_absent("logger");
	logger->quiet = !propagate;
	return 0;
}

bool brood_logger_propagates(const brood_logger *logger)
{
	return logger && !logger->quiet;
}

long logger_add_handler(brood_logger *logger, int level, brood_log_handler emit, void *data,
			void (*release)(void *data))
{
	if (!logger) {
		error_absent("logger");
		return 0;
	}
	if (!emit) {
		error_set(EINVAL, "the handler for logger '%s' is NULL", logger->name);
		return 0;
	}
	if (check_level(level) < 0)
		return 0;
	handler *h = handler_new(level, emit, data, release);
	if (!h || handlers_add(&logger->handlers, h) < 0) {
		free(h);
		error_set(ENOMEM, "no memory for a handler of logger '%s'", logger->name);
		return 0;
	}
	long id = h->id;
	handler_unref(h);
	return id;
}

long brood_logger_add_handler_owned(brood_logger *logger, int level, brood_log_handler emit,
				    void *data, void (*release)(void *data))
{
	zone_prepare();
	return logger_add_handler(logger, level, emit, data, release);
}

long brood_logger_add_handler(brood_logger *logger, int level, brood_log_handler emit, void *data)
{
	return brood_logger_add_handler_owned(logger, level, emit, data, NULL);
}

int brood_logger_remove_handler(brood_logger *logger, long id)
{
	if (!logger)
		return error_absent("logger");
	int r = handlers_remove(&logger->handlers, id);
	if (r == -ENOENT)
		return error_set(ENOENT, "logger '%s' has no handler %ld", logger->name, id);
	if (r < 0)
		return error_set(ENOMEM, "no memory to remove a handler of logger '%s'",
				 logger->name);
	return 0;
}
