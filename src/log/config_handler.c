/* SPDX-License-Identifier: MIT */
/* The classes of handlers that a configuration file may name, and their arguments. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log/config.h"
#include "log/target.h"

enum { MAX_ARGS = 6 };

/* What a class's function works on. */
typedef struct call {
	config *config;
	const char *class_name;
	int line; /* of the arguments, or else of the section */
	const literal *args[MAX_ARGS];
	const formatter *formatter;
	int level;
	config_handler *into;
} call;

typedef struct handler_class {
	const char *name;
	const char *parameters[MAX_ARGS + 1];
	int (*make)(call *c);
} handler_class;

#define FAIL(c, err, ...) ini_fail(&(c)->config->ini, (c)->line, err, __VA_ARGS__)

static int no_memory(const call *c)
{
	return FAIL(c, ENOMEM, "no memory for the handler");
}

/* Takes over a target, which may be NULL with errno set. */
static int finish(call *c, brood_log_handler emit, void *target, void (*release)(void *))
{
	if (!target)
		return no_memory(c);
	c->into->handler = handler_new(c->level, emit, target, release);
	if (c->into->handler)
		return 0;
	release(target);
	return no_memory(c);
}

/* Whether an argument is absent or None. */
static bool is_none(const literal *value)
{
	return !value || value->type == LITERAL_NONE;
}

static int get_number(const call *c, int index, const char *name, long long *ret)
{
	const literal *value = c->args[index];
	if (is_none(value))
		return 0;
	if ((value->type != LITERAL_NUMBER && value->type != LITERAL_BOOL) || value->number < 0)
		return FAIL(c, EINVAL, "%s of %s must be a number from 0", name, c->class_name);
	*ret = value->number;
	return 0;
}

static void ignore(const brood_log_record *record, void *data)
{
	(void)record;
	(void)data;
}

static void keep(void *data)
{
	(void)data;
}

static int make_null(call *c)
{
	static char nothing;
	return finish(c, ignore, &nothing, keep);
}

static int make_stream(call *c)
{
	const literal *value = c->args[0];
	int fd = 2;
	if (!is_none(value)) {
		const char *name = value->type == LITERAL_NAME ? value->text : "";
		if (strcmp(name, "sys.stdout") == 0)
			fd = 1;
		else if (strcmp(name, "sys.stderr") != 0)
			return FAIL(c, EINVAL,
				    "the stream must be sys.stderr or sys.stdout, as in "
				    "args=(sys.stderr,)");
	}
	return finish(c, stream_emit, stream_new(fd, false, c->formatter), stream_free);
}

/* Stores the absolute path of the file argument, so that it survives chdir(). */
static int take_path(call *c)
{
	const literal *value = c->args[0];
	if (!value || value->type != LITERAL_STRING || !value->text[0])
		return FAIL(c, EINVAL, "%s needs a file name, as in args=('program.log',)",
			    c->class_name);
	bool relative = value->text[0] != '/';
	const char *directory = relative ? c->config->directory : "";
	if (relative && !*directory)
		return FAIL(c, ENOENT, "'%s' is relative, and the working directory is gone",
			    value->text);
	char *path;
	if (asprintf(&path, "%s%s%s", directory, relative ? "/" : "", value->text) < 0)
		return no_memory(c);
	c->into->path = path;
	return 0;
}

static int take_mode(call *c)
{
	const literal *value = c->args[1];
	const char *mode = "a";
	if (!is_none(value))
		mode = value->type == LITERAL_STRING ? value->text : "";
	if (strcmp(mode, "a") != 0 && strcmp(mode, "w") != 0)
		return FAIL(c, EINVAL, "the mode of %s must be 'a' or 'w'", c->class_name);
	c->into->truncate = mode[0] == 'w' && !c->config->append;
	return 0;
}

static int check_encoding(const call *c, int index)
{
	const literal *value = c->args[index];
	const char *name = !is_none(value) && value->type == LITERAL_STRING ? value->text : "";
	if (is_none(value) || strcasecmp(name, "utf-8") == 0 || strcasecmp(name, "utf8") == 0 ||
	    strcasecmp(name, "ascii") == 0)
		return 0;
	return FAIL(c, EINVAL,
		    "the encoding of %s must be None or 'utf-8': text is written as it is",
		    c->class_name);
}

/* Opens the file for appending; notes whether it is new. */
static int open_file(call *c)
{
	const char *path = c->into->path;
	int flags = O_WRONLY | O_APPEND | O_CLOEXEC;
	int fd = open(path, flags | O_CREAT | O_EXCL, 0666);
	c->into->created = fd >= 0;
	if (fd < 0 && errno == EEXIST)
		fd = open(path, flags | O_CREAT, 0666);
	if (fd < 0) {
		int err = errno;
		return FAIL(c, err, "the log file %s cannot be opened: %s", path, strerror(err));
	}
	return fd;
}

static int take_file(call *c, int encoding)
{
	int r = take_path(c);
	if (r == 0)
		r = take_mode(c);
	if (r == 0)
		r = check_encoding(c, encoding);
	return r;
}

static int make_file(call *c)
{
	long long delay = 0;
	int r = take_file(c, 2);
	if (r == 0)
		r = get_number(c, 3, "delay", &delay);
	if (r < 0)
		return r;
	if (delay)
		return finish(c, rotating_emit, rotating_new(c->into->path, 0, 0, c->formatter),
			      rotating_free);
	int fd = open_file(c);
	if (fd < 0)
		return fd;
	stream *made = stream_new(fd, true, c->formatter);
	if (!made)
		close(fd);
	return finish(c, stream_emit, made, stream_free);
}

static int make_rotating(call *c)
{
	long long max_bytes = 0, backups = 0, delay = 0;
	int r = take_file(c, 4);
	if (r == 0)
		r = get_number(c, 2, "maxBytes", &max_bytes);
	if (r == 0)
		r = get_number(c, 3, "backupCount", &backups);
	if (r == 0)
		r = get_number(c, 5, "delay", &delay);
	if (r < 0)
		return r;
	if (backups > 10000)
		return FAIL(c, EINVAL, "backupCount may be at most 10000");
	/* As in Python: what is rotated is not begun anew. */
	if (max_bytes > 0)
		c->into->truncate = false;
	if (!delay) {
		int fd = open_file(c);
		if (fd < 0)
			return fd;
		close(fd);
	}
	return finish(c, rotating_emit,
		      rotating_new(c->into->path, max_bytes, (int)backups, c->formatter),
		      rotating_free);
}

static int take_facility(const call *c, int *ret)
{
	const literal *value = c->args[1];
	int facility = syslog_facility("user");
	if (!is_none(value)) {
		const char *name = value->text ? value->text : "";
		const char *marked = value->type == LITERAL_NAME ? strstr(name, "LOG_") : NULL;
		if (value->type == LITERAL_NUMBER)
			facility = value->number >= 0 && value->number < 24 ? (int)value->number
									    : -EINVAL;
		else
			facility = syslog_facility(marked ? marked + 4 : name);
	}
	if (facility < 0)
		return FAIL(c, EINVAL,
			    "the facility must be such as handlers.SysLogHandler.LOG_USER or "
			    "'local0'");
	*ret = facility;
	return 0;
}

/* A port as a number or by one of Python's names for 514; 0 for none. */
static long long port_of(const literal *value)
{
	if (value->type == LITERAL_NUMBER && value->number > 0 && value->number <= 65535)
		return value->number;
	if (value->type != LITERAL_NAME)
		return 0;
	const char *name = value->text;
	if (strncmp(name, "logging.", 8) == 0)
		name += 8;
	bool known = strcmp(name, "handlers.SYSLOG_UDP_PORT") == 0 ||
		     strcmp(name, "handlers.SYSLOG_TCP_PORT") == 0;
	return known ? 514 : 0;
}

/* The address: a path, or (host, port); its parts are borrowed, or written to port. */
static int take_address(const call *c, const char **ret_name, const char **ret_port, char port[24])
{
	const literal *value = c->args[0];
	*ret_name = "localhost";
	*ret_port = "514";
	if (is_none(value))
		return 0;
	if (value->type == LITERAL_STRING) {
		*ret_name = value->text;
		*ret_port = NULL;
		return 0;
	}
	const literal *host = value->type == LITERAL_TUPLE ? value->items : NULL;
	const literal *number = host ? host->next : NULL;
	long long found = number ? port_of(number) : 0;
	if (!found || number->next || host->type != LITERAL_STRING)
		return FAIL(c, EINVAL,
			    "the address must be a path or a host and port, as in "
			    "args=(('localhost', 514),)");
	*ret_name = host->text;
	snprintf(port, 24, "%lld", found);
	*ret_port = port;
	return 0;
}

static int make_syslog(call *c)
{
	const char *name, *port;
	char number[24];
	int facility = 0;
	int r = take_address(c, &name, &port, number);
	if (r == 0)
		r = take_facility(c, &facility);
	if (r < 0)
		return r;
	const literal *type = c->args[2];
	if (!is_none(type) && (type->type != LITERAL_NAME || !strstr(type->text, "SOCK_DGRAM")))
		return FAIL(c, EINVAL, "the socktype must be None or socket.SOCK_DGRAM");
	syslogger *made = syslogger_new(name, port, facility, c->formatter);
	if (!made && errno != ENOMEM) {
		int err = errno;
		return FAIL(c, err, "no syslog daemon can be reached at %s%s%s: %s", name,
			    port ? " port " : "", port ? port : "", strerror(err));
	}
	return finish(c, syslogger_emit, made, syslogger_free);
}

static const handler_class classes[] = {
	{"StreamHandler", {"stream"}, make_stream},
	{"FileHandler", {"filename", "mode", "encoding", "delay"}, make_file},
	{"RotatingFileHandler",
	 {"filename", "mode", "maxBytes", "backupCount", "encoding", "delay"},
	 make_rotating},
	{"SysLogHandler", {"address", "facility", "socktype"}, make_syslog},
	{"NullHandler", {"level"}, make_null},
};
enum { CLASSES = sizeof(classes) / sizeof(classes[0]) };

static const handler_class *find_class(const char *name)
{
	if (strncmp(name, "logging.", 8) == 0)
		name += 8;
	if (strncmp(name, "handlers.", 9) == 0)
		name += 9;
	for (int i = 0; i < CLASSES; i++)
		if (strcmp(classes[i].name, name) == 0)
			return &classes[i];
	return NULL;
}

/* Gives the arguments by position and by name to the class's parameters. */
static int bind(call *c, const handler_class *class, const literal *args, const literal *kwargs)
{
	int count = 0;
	for (const literal *arg = args->items; arg; arg = arg->next, count++) {
		if (!class->parameters[count])
			return FAIL(c, EINVAL, "%s takes at most %d argument%s", class->name, count,
				    count == 1 ? "" : "s");
		c->args[count] = arg;
	}
	for (const literal *arg = kwargs ? kwargs->items : NULL; arg; arg = arg->next) {
		int i = 0;
		while (class->parameters[i] && strcmp(class->parameters[i], arg->key) != 0)
			i++;
		if (!class->parameters[i])
			return FAIL(c, EINVAL, "%s has no parameter '%s'", class->name, arg->key);
		if (c->args[i])
			return FAIL(c, EINVAL, "%s is given '%s' twice", class->name, arg->key);
		c->args[i] = arg;
	}
	return class->make(c);
}

/* Parses a key of the section as a literal of one type; otherwise stands in for it. */
static int read_literal(call *c, const char *section, const char *key, const char *otherwise,
			literal_type type, literal **ret)
{
	char *text = NULL;
	int r = config_value(c->config, section, key, &text, &c->line);
	if (r < 0)
		return r;
	literal *value = literal_parse(text ? text : otherwise);
	free(text);
	if (!value)
		return FAIL(c, errno, "%s: %s", key, brood_error());
	if (value->type == type) {
		*ret = value;
		return 0;
	}
	literal_free(value);
	return FAIL(c, EINVAL, "%s must be %s", key,
		    type == LITERAL_TUPLE ? "a tuple: one argument is written ('program.log',)"
					  : "a dictionary, as in {'mode': 'w'}");
}

static int make_with_class(call *c, const char *section, const handler_class *class)
{
	literal *args = NULL, *kwargs = NULL;
	int r = read_literal(c, section, "kwargs", "{}", LITERAL_DICT, &kwargs);
	if (r == 0)
		r = read_literal(c, section, "args", "()", LITERAL_TUPLE, &args);
	if (r == 0)
		r = bind(c, class, args, kwargs);
	literal_free(args);
	literal_free(kwargs);
	return r;
}

int config_make_handler(config *owner, const char *section, int level, const formatter *f,
			config_handler *into)
{
	call c = {.config = owner, .formatter = f, .level = level, .into = into};
	char *name = NULL;
	c.line = ini_section(&owner->ini, section)->line;
	int r = config_value(owner, section, "class", &name, &c.line);
	if (r < 0)
		return r;
	const handler_class *class = name ? find_class(name) : NULL;
	if (!name)
		r = FAIL(&c, EINVAL, "[%s] has no class, such as class=StreamHandler", section);
	else if (!class)
		r = FAIL(&c, EINVAL,
			 "the handler class '%s' is unknown: use StreamHandler, FileHandler, "
			 "NullHandler, handlers.RotatingFileHandler or handlers.SysLogHandler",
			 name);
	if (r == 0) {
		c.class_name = class->name;
		r = make_with_class(&c, section, class);
	}
	free(name);
	return r;
}
