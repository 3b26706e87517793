/* SPDX-License-Identifier: MIT */
#ifndef LOG_CONFIG_H
#define LOG_CONFIG_H

/* A configuration file on its way to being in force. */

#include "log/format.h"
#include "log/handler.h"
#include "log/ini.h"
#include "log/literal.h"
#include "log/logger.h"

typedef struct config_formatter {
	struct config_formatter *next;
	char *name;
	formatter formatter;
} config_formatter;

typedef struct config_handler {
	struct config_handler *next;
	char *name;
	handler *handler;
	char *path;    /* of its file, or NULL */
	bool created;  /* the file was: undone if the configuration fails */
	bool truncate; /* mode 'w': done when the configuration is in force */
} config_handler;

typedef struct config_logger {
	struct config_logger *next;
	brood_logger *logger;
	int level; /* -1: stays as it is */
	bool propagate;
	handler_list *handlers;
} config_logger;

typedef struct config {
	ini_file ini;
	char *directory; /* of relative log files */
	bool append;	 /* mode 'w' is 'a': the file is put in force again in a child */
	config_formatter *formatters;
	config_handler *handlers;
	config_logger *loggers, **last_logger;
} config;

/* How a file is read. */
typedef struct config_how {
	bool keep_existing;
	bool append;	       /* no log file is begun anew */
	const char *directory; /* of relative log files; NULL: the working directory */
	const char *text;      /* what the file held; NULL: it is read */
} config_how;

/* Reads a file and puts it in force, as brood_log_config_file_with(). */
int config_load(const char *path, const config_how *how);

/*
 * Makes all that a file asks for, without changing anything that is in force.
 * Returns 0, or a negative errno with a sentence; *c is to be cleared either way.
 */
int config_build(config *c, const char *path, const config_how *how);

/*
 * Makes the handler of a section: its class with its arguments. The section's
 * keys class, args and kwargs are read here; level and formatter are given.
 * Returns 0 with into's members set, or a negative errno with a sentence.
 */
int config_make_handler(config *owner, const char *section, int level, const formatter *f,
			config_handler *into);

/* A section's key, expanded; *ret is NULL when it has none. The caller frees it. */
int config_value(const config *c, const char *section, const char *key, char **ret, int *ret_line);

#endif
