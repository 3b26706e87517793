/* SPDX-License-Identifier: MIT */
/*
 * Everything that a file asks for is made first: formatters are checked, files
 * opened, handlers and their lists built. Only when nothing can fail any more are
 * the loggers changed, each by one exchange of its list. What was made for a file
 * that turns out to be bad is undone, a log file that it created included.
 */

#include "log/config.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/options.h"
#include "log/state.h"
#include "log/zone.h"

static bool is_configured(const config *c, const brood_logger *logger)
{
	const config_logger *made = c->loggers;
	while (made && made->logger != logger)
		made = made->next;
	return made != NULL;
}

/* Whether the logger is below one that the file names; being below the root does not count. */
static bool is_below_configured(const config *c, const brood_logger *logger)
{
	for (logger = logger->parent; logger && logger->parent; logger = logger->parent)
		if (is_configured(c, logger))
			return true;
	return false;
}

static void settle_existing(const config *c, bool keep_existing)
{
	for (brood_logger *logger = logger_first(); logger; logger = logger->next) {
		if (!logger->asked || is_configured(c, logger))
			continue;
		if (is_below_configured(c, logger)) {
			logger->level = BROOD_LOG_NOTSET;
			logger->quiet = false;
			handlers_replace(&logger->handlers, NULL);
		} else {
			logger->disabled = !keep_existing;
		}
	}
}

static void put_in_force(config *c, bool keep_existing)
{
	for (config_handler *made = c->handlers; made; made = made->next)
		if (made->truncate && truncate(made->path, 0) < 0)
			continue; /* it is appended to instead */
	/* Before the named ones count as asked for. */
	settle_existing(c, keep_existing);
	for (config_logger *made = c->loggers; made; made = made->next) {
		brood_logger *logger = made->logger;
		if (made->level >= 0)
			logger->level = made->level;
		handlers_replace(&logger->handlers, made->handlers);
		made->handlers = NULL;
		if (logger->parent)
			logger->quiet = !made->propagate;
		logger->disabled = false;
		logger->asked = true;
	}
}

static void clear_handlers(config *c, bool undo)
{
	for (config_handler *made = c->handlers, *next; made; made = next) {
		next = made->next;
		if (undo && made->created)
			unlink(made->path);
		handler_unref(made->handler);
		free(made->name);
		free(made->path);
		free(made);
	}
}

static void clear(config *c, bool undo)
{
	for (config_logger *made = c->loggers, *next; made; made = next) {
		next = made->next;
		handlers_free(made->handlers);
		free(made);
	}
	clear_handlers(c, undo);
	for (config_formatter *made = c->formatters, *next; made; made = next) {
		next = made->next;
		formatter_clear(&made->formatter);
		free(made->name);
		free(made);
	}
	ini_clear(&c->ini);
	free(c->directory);
}

int config_load(const char *path, const config_how *how)
{
	config c;
	struct remembered *note = NULL;
	int r = config_build(&c, path, how);
	if (r == 0)
		r = state_prepare(&c, how->keep_existing, &note);
	if (r == 0) {
		zone_prepare();
		put_in_force(&c, how->keep_existing);
		state_remember(note);
	}
	clear(&c, r < 0);
	if (r < 0)
		errno = -r;
	return r;
}

int brood_log_config_file_with(const char *path, const brood_log_config_options *options)
{
	if (!path)
		return error_set(EINVAL, "the configuration file's path is NULL");
	brood_log_config_options all = {0};
	int r = options ? options_copy(options, &all, sizeof(all), "set it to the struct's sizeof")
			: 0;
	return r < 0 ? r : config_load(path, &(config_how){.keep_existing = all.keep_existing});
}

int brood_log_config_file(const char *path)
{
	return brood_log_config_file_with(path, NULL);
}
