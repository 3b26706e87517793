/* SPDX-License-Identifier: MIT */
/* The sections of a configuration file, made into formatters, handlers and loggers. */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "log/config.h"

static int no_memory(const config *c, int line)
{
	return ini_fail(&c->ini, line, ENOMEM, "no memory for the configuration");
}

int config_value(const config *c, const char *section, const char *key, char **ret, int *ret_line)
{
	const ini_entry *entry = ini_find(&c->ini, section, key);
	if (!entry)
		return 0;
	*ret_line = entry->line;
	return ini_expand(&c->ini, section, entry, ret);
}

/* The next name of a list separated by commas, without spaces; NULL at its end. */
static char *next_name(char **rest)
{
	char *name = strsep(rest, ",");
	if (!name)
		return NULL;
	while (isspace((unsigned char)*name))
		name++;
	for (char *end = name + strlen(name); end > name && isspace((unsigned char)end[-1]);)
		*--end = '\0';
	return name;
}

/* Calls a function with each name that the key of the section lists. */
static int each_name(config *c, const char *section, const char *key, void *context,
		     int (*function)(config *c, const char *name, int line, void *context))
{
	char *text = NULL, *rest, *name;
	const ini_entry *own = ini_section(&c->ini, section);
	int line = own ? own->line : 1, r = config_value(c, section, key, &text, &line);
	if (r < 0)
		return r;
	if (!text)
		return ini_fail(&c->ini, line, EINVAL,
				"there is no section [%s] with a line %s=NAMES: names with commas "
				"between them, or nothing",
				section, key);
	rest = text[strspn(text, " \t\n")] ? text : NULL;
	while (r == 0 && (name = next_name(&rest)))
		r = function(c, name, line, context);
	free(text);
	return r;
}

/* The section of a listed name, as in [handler_x]; *ret is to be freed. */
static int listed_section(const config *c, const char *kind, const char *name, int line, char **ret)
{
	if (asprintf(ret, "%s_%s", kind, name) < 0) {
		*ret = NULL;
		return no_memory(c, line);
	}
	if (ini_section(&c->ini, *ret))
		return 0;
	int r = ini_fail(&c->ini, line, EINVAL, "[%ss] lists '%s', but there is no section [%s]",
			 kind, name, *ret);
	free(*ret);
	*ret = NULL;
	return r;
}

static const char *raw_value(const config *c, const char *section, const char *key, int *ret_line)
{
	const ini_entry *entry = ini_find(&c->ini, section, key);
	if (!entry)
		return NULL;
	*ret_line = entry->line;
	return entry->value;
}

static int check_formatter(const config *c, const char *section, int line)
{
	const char *style = raw_value(c, section, "style", &line);
	if (style && strcmp(style, "%") != 0)
		return ini_fail(&c->ini, line, EINVAL,
				"the style '%.20s' is unknown: only %% is, with fields such as "
				"%%(message)s",
				style);
	const char *class = raw_value(c, section, "class", &line);
	if (class && *class && strcmp(class, "logging.Formatter") != 0 &&
	    strcmp(class, "Formatter") != 0)
		return ini_fail(&c->ini, line, EINVAL,
				"the formatter class '%.60s' is unknown: only logging.Formatter is",
				class);
	if (raw_value(c, section, "defaults", &line))
		return ini_fail(&c->ini, line, EINVAL, "defaults of formatters are not supported");
	const char *format = raw_value(c, section, "format", &line);
	int fields = format ? format_check(format) : 0;
	if (fields < 0)
		return ini_fail(&c->ini, line, EINVAL, "%s", brood_error());
	if (fields == 0 && format && *format &&
	    !strstr(format, "%(")) /* as Python, behind %% too */
		return ini_fail(&c->ini, line, EINVAL,
				"the format '%.40s' has no field, such as %%(message)s", format);
	return 0;
}

/* Copies a value into a string of a formatter; an empty one is like none. */
static int copy_value(const config *c, const char *section, const char *key, char **ret)
{
	int line = 1;
	const char *value = raw_value(c, section, key, &line);
	if (!value || !*value)
		return 0;
	*ret = strdup(value);
	return *ret ? 0 : no_memory(c, line);
}

static int add_formatter(config *c, const char *name, int line, void *context)
{
	char *section;
	(void)context;
	int r = listed_section(c, "formatter", name, line, &section);
	if (r < 0)
		return r;
	r = check_formatter(c, section, line);
	config_formatter *made = r == 0 ? calloc(1, sizeof(*made)) : NULL;
	if (made) {
		made->next = c->formatters;
		c->formatters = made;
		made->name = strdup(name);
		r = made->name ? copy_value(c, section, "format", &made->formatter.format)
			       : no_memory(c, line);
		if (r == 0)
			r = copy_value(c, section, "datefmt", &made->formatter.datefmt);
	} else if (r == 0) {
		r = no_memory(c, line);
	}
	free(section);
	return r;
}

/* The level of a section, or otherwise when it has none. */
static int read_level(const config *c, const char *section, int otherwise, int *ret)
{
	char *name = NULL;
	int line = 1, r = config_value(c, section, "level", &name, &line);
	if (r < 0)
		return r;
	int level = name ? level_of(name) : otherwise;
	if (name && level < 0)
		r = ini_fail(&c->ini, line, EINVAL,
			     "the level '%.40s' is unknown: use one of NOTSET, SUBDEBUG, DEBUG, "
			     "INFO, SUBWARNING, WARNING, ERROR, CRITICAL",
			     name);
	free(name);
	if (r == 0)
		*ret = level;
	return r;
}

/* The formatter that a handler's section names; an empty one when it names none. */
static int find_formatter(const config *c, const char *section, const formatter **ret)
{
	static const formatter none;
	char *name = NULL;
	int line = 1, r = config_value(c, section, "formatter", &name, &line);
	if (r < 0)
		return r;
	const config_formatter *found = c->formatters;
	while (name && found && strcmp(found->name, name) != 0)
		found = found->next;
	if (name && *name && !found)
		r = ini_fail(&c->ini, line, EINVAL,
			     "the formatter '%.60s' is not among the keys of [formatters]", name);
	*ret = name && *name && found ? &found->formatter : &none;
	free(name);
	return r;
}

static int fill_handler(config *c, const char *section, config_handler *into)
{
	int level;
	const formatter *f;
	int r = read_level(c, section, BROOD_LOG_NOTSET, &level);
	if (r == 0)
		r = find_formatter(c, section, &f);
	if (r == 0)
		r = config_make_handler(c, section, level, f, into);
	return r;
}

static int add_handler(config *c, const char *name, int line, void *context)
{
	char *section;
	(void)context;
	int r = listed_section(c, "handler", name, line, &section);
	if (r < 0)
		return r;
	config_handler *made = calloc(1, sizeof(*made));
	if (made) {
		made->next = c->handlers;
		c->handlers = made;
		made->name = strdup(name);
	}
	r = made && made->name ? fill_handler(c, section, made) : no_memory(c, line);
	free(section);
	return r;
}

static int count_name(config *c, const char *name, int line, void *context)
{
	size_t *count = context;
	(void)c;
	(void)name;
	(void)line;
	(*count)++;
	return 0;
}

/* Adds a handler to a logger's list; one that is there already is not added again. */
static int use_handler(config *c, const char *name, int line, void *context)
{
	handler_list *list = context;
	const config_handler *found = c->handlers;
	while (found && strcmp(found->name, name) != 0)
		found = found->next;
	if (!found)
		return ini_fail(&c->ini, line, EINVAL,
				"the handler '%.60s' is not among the keys of [handlers]", name);
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] == found->handler)
			return 0;
	handlers_append(list, found->handler);
	return 0;
}

static int read_propagate(const config *c, const char *section, bool *ret)
{
	char *text = NULL, *end = NULL;
	int line = 1, r = config_value(c, section, "propagate", &text, &line);
	if (r < 0)
		return r;
	long value = text ? strtol(text, &end, 10) : 1;
	if (text && (end == text || *end))
		r = ini_fail(&c->ini, line, EINVAL, "propagate must be 1 or 0, not '%.20s'", text);
	free(text);
	if (r == 0)
		*ret = value != 0;
	return r;
}

/* Finds or makes the logger of a section; the root's is known by the section's name. */
static int find_logger(const config *c, const char *section, bool is_root, config_logger *into)
{
	char *name = NULL;
	int line = ini_section(&c->ini, section)->line, r = 0;
	into->logger = &logger_root;
	if (!is_root)
		r = config_value(c, section, "qualname", &name, &line);
	if (r == 0 && !is_root && !name)
		return ini_fail(&c->ini, line, EINVAL,
				"[%s] has no qualname, such as qualname=multiprocessing", section);
	if (r == 0 && !is_root)
		into->logger = logger_obtain(name);
	if (!into->logger)
		r = no_memory(c, line);
	free(name);
	return r;
}

static int fill_logger(config *c, const char *section, bool is_root, config_logger *into)
{
	size_t count = 0;
	int r = find_logger(c, section, is_root, into);
	if (r == 0)
		r = read_level(c, section, -1, &into->level);
	if (r == 0)
		r = read_propagate(c, section, &into->propagate);
	if (r == 0)
		r = each_name(c, section, "handlers", &count, count_name);
	if (r < 0 || count == 0)
		return r;
	into->handlers = handlers_new(count);
	if (!into->handlers)
		return no_memory(c, 1);
	return each_name(c, section, "handlers", into->handlers, use_handler);
}

static int add_logger(config *c, const char *name, int line, void *context)
{
	char *section;
	bool is_root = strcmp(name, "root") == 0, *root_seen = context;
	int r = listed_section(c, "logger", name, line, &section);
	if (r < 0)
		return r;
	config_logger *made = calloc(1, sizeof(*made));
	if (made) {
		*c->last_logger = made;
		c->last_logger = &made->next;
		r = fill_logger(c, section, is_root, made);
	} else {
		r = no_memory(c, line);
	}
	*root_seen = *root_seen || is_root;
	free(section);
	return r;
}

static int add_loggers(config *c)
{
	bool root_seen = false;
	int line = 1, r = each_name(c, "loggers", "keys", &root_seen, add_logger);
	if (r < 0 || root_seen)
		return r;
	raw_value(c, "loggers", "keys", &line);
	return ini_fail(&c->ini, line, EINVAL,
			"[loggers] does not list root: write keys=root,... and a section "
			"[logger_root]");
}

/* Where relative log files are; "" when the working directory is gone. */
static char *directory_of(const config_how *how)
{
	char here[PATH_MAX];
	if (how->directory)
		return strdup(how->directory);
	return strdup(getcwd(here, sizeof(here)) ? here : "");
}

int config_build(config *c, const char *path, const config_how *how)
{
	*c = (config){.append = how->append, .last_logger = &c->loggers};
	int r = ini_load(&c->ini, path, how->text);
	if (r < 0)
		return r;
	c->directory = directory_of(how);
	if (!c->directory)
		return no_memory(c, 1);
	r = each_name(c, "formatters", "keys", NULL, add_formatter);
	if (r == 0)
		r = each_name(c, "handlers", "keys", NULL, add_handler);
	if (r == 0)
		r = add_loggers(c);
	return r;
}
