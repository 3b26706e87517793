/* SPDX-License-Identifier: MIT */
/*
 * inih parses; what its builds differ in, or cannot do, is met by what it is
 * given to read. It tells its handler no line numbers, so the reader counts. It
 * may take " ;" in a value for a comment, which Python does not, so semicolons
 * are passed as HIDDEN. It has lines of some 200 bytes, so longer ones are passed
 * as continued lines, JOINT on both sides of the cut. Lines that it cannot parse
 * are those after which no handler was called.
 */

#include "log/ini.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/error.h"

enum { HIDDEN = '\001', JOINT = '\002', MAX_SECTION = 48, MAX_EXPANSIONS = 10 };

typedef struct source {
	ini_file *file;
	FILE *stream;
	FILE *copy; /* of all that is read */
	char *text; /* the current line, with its newline */
	size_t size;
	const char *rest; /* what of it inih has not been given */
	int line;
	int unparsed;	/* the line that no handler has been called for yet, or 0 */
	bool continued; /* the line begins with a space */
	int result;
} source;

int ini_fail(const ini_file *file, int line, int err, const char *format, ...)
{
	char what[400];
	va_list args;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return error_set(err, "%s:%d: %s", file->path, line, what);
}

static int fail_first(source *in, int line, const char *what)
{
	if (in->result == 0)
		in->result = ini_fail(in->file, line, EINVAL, "%s", what);
	return in->result;
}

static void free_entry(ini_entry *entry)
{
	free(entry->section);
	free(entry->key);
	free(entry->value);
	free(entry);
}

static ini_entry *append(source *in, const char *section, const char *key, const char *value)
{
	ini_entry *entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	entry->line = in->line;
	entry->section = strdup(section);
	entry->key = strdup(key);
	entry->value = strdup(value);
	if (!entry->section || !entry->key || !entry->value) {
		free_entry(entry);
		return NULL;
	}
	*in->file->last = entry;
	in->file->last = &entry->next;
	return entry;
}

static void no_memory(source *in)
{
	if (in->result == 0)
		in->result = ini_fail(in->file, in->line, ENOMEM, "no memory to read the file");
}

/* Notes a section's line, which inih does not tell of. */
static bool note_section(source *in)
{
	const char *start = in->text;
	if (strncmp(start, "\xEF\xBB\xBF", 3) == 0)
		start += 3;
	const char *end = *start == '[' ? strchr(start, ']') : NULL;
	if (!end)
		return false;
	char *name = strndup(start + 1, (size_t)(end - start - 1));
	if (name && strlen(name) > MAX_SECTION)
		fail_first(in, in->line, "the section's name has more than 48 characters");
	else if (name && ini_section(in->file, name))
		fail_first(in, in->line, "there is a section of this name before: join the two");
	else if (!name || !append(in, name, "", ""))
		no_memory(in);
	free(name);
	return true;
}

/* Reads a line; false at the end of the file. */
static bool next_line(source *in)
{
	if (in->unparsed)
		fail_first(in, in->unparsed, "this is neither [section] nor key = value");
	in->unparsed = 0;
	ssize_t length = getline(&in->text, &in->size, in->stream);
	if (length < 0) {
		if (!feof(in->stream) && !ferror(in->stream))
			no_memory(in);
		return false;
	}
	fwrite(in->text, 1, (size_t)length, in->copy);
	in->line++;
	in->continued = isspace((unsigned char)in->text[0]) != 0;
	char *first = in->text + strspn(in->text, " \t\r\n\v\f");
	if (*first == '#' || *first == ';')
		*first = '\0';
	if (*first && !note_section(in))
		in->unparsed = in->line;
	for (char *c = in->text; *c; c++)
		if (*c == ';')
			*c = HIDDEN;
	in->rest = in->text;
	return true;
}

/* As fgets(): what inih reads by. */
static char *give(char *buffer, int size, void *context)
{
	source *in = context;
	const char *before = "";
	if (in->rest && *in->rest)
		before = " \002";
	else if (!next_line(in))
		return NULL;
	size_t room = (size_t)size - 1 - strlen(before), length = strlen(in->rest);
	if (length <= room) {
		snprintf(buffer, (size_t)size, "%s%s", before, in->rest);
		in->rest = "";
	} else {
		snprintf(buffer, (size_t)size, "%s%.*s\002\n", before, (int)room - 2, in->rest);
		in->rest += room - 2;
	}
	return buffer;
}

static void unhide(char *value)
{
	for (; *value; value++)
		if (*value == HIDDEN)
			*value = ';';
}

/* Adds a continued line, or the rest of a long one, to the entry before. */
static bool extend(ini_entry *entry, const char *more)
{
	size_t length = strlen(entry->value);
	bool joint = length > 0 && entry->value[length - 1] == JOINT && *more == JOINT;
	if (joint)
		length--;
	char *value = malloc(length + strlen(more) + 2);
	if (!value)
		return false;
	sprintf(value, "%.*s%s%s", (int)length, entry->value, joint ? "" : "\n", more + joint);
	free(entry->value);
	entry->value = value;
	return true;
}

static ini_entry *last_entry(const ini_file *file)
{
	ini_entry *last = file->first;
	while (last && last->next)
		last = last->next;
	return last;
}

static int take(void *context, const char *section, const char *key, const char *value)
{
	source *in = context;
	ini_entry *last = last_entry(in->file);
	in->unparsed = 0;
	if (!*section)
		fail_first(in, in->line, "this stands before the first [section]");
	else if (*value == JOINT || (in->continued && last && strcmp(last->key, key) == 0))
		last = last && extend(last, value) ? last : NULL;
	else if (ini_find(in->file, section, key) &&
		 strcmp(ini_find(in->file, section, key)->section, section) == 0)
		fail_first(in, in->line, "the section has this key already");
	else
		last = append(in, section, key, value);
	if (!last && in->result == 0)
		no_memory(in);
	else if (last)
		unhide(last->value);
	return 1;
}

static FILE *open_source(const char *path, const char *text)
{
	return text ? fmemopen((char *)(uintptr_t)text, strlen(text), "r") : fopen(path, "re");
}

int ini_load(ini_file *file, const char *path, const char *text)
{
	*file = (ini_file){.path = path, .last = &file->first};
	source in = {.file = file, .stream = open_source(path, text)};
	if (!in.stream) {
		int err = errno;
		return error_set(err, "%s: cannot be opened: %s", path, strerror(err));
	}
	size_t size;
	in.copy = open_memstream(&file->text, &size);
	if (!in.copy) {
		fclose(in.stream);
		return error_set(ENOMEM, "%s: no memory to read the file", path);
	}
	int r = ini_parse_stream(give, &in, take, &in);
	if (in.result == 0 && ferror(in.stream))
		in.result = error_set(EIO, "%s: cannot be read: is it a file?", path);
	if (in.result == 0 && r != 0)
		in.result = ini_fail(file, in.line, EINVAL, "the file cannot be parsed");
	if (in.result == 0 && in.line == 0)
		in.result = ini_fail(file, 1, EINVAL, "the file is empty");
	fclose(in.stream);
	free(in.text);
	if (fclose(in.copy) != 0)
		no_memory(&in);
	if (in.result < 0)
		ini_clear(file);
	return in.result;
}

void ini_clear(ini_file *file)
{
	for (ini_entry *entry = file->first, *next; entry; entry = next) {
		next = entry->next;
		free_entry(entry);
	}
	free(file->text);
	*file = (ini_file){.path = file->path, .last = &file->first};
}

static const ini_entry *find_in(const ini_file *file, const char *section, const char *key)
{
	const ini_entry *entry = file->first;
	while (entry && (strcmp(entry->section, section) != 0 || strcasecmp(entry->key, key) != 0))
		entry = entry->next;
	return entry;
}

const ini_entry *ini_section(const ini_file *file, const char *section)
{
	return find_in(file, section, "");
}

const ini_entry *ini_find(const ini_file *file, const char *section, const char *key)
{
	const ini_entry *entry = find_in(file, section, key);
	return entry ? entry : find_in(file, "DEFAULT", key);
}

/* What one expansion works on. */
typedef struct expansion {
	const ini_file *file;
	const char *section;
	const ini_entry *entry;
	FILE *out;
	int depth;
} expansion;

static int expand(expansion *into, const char *text);

static int expand_reference(expansion *into, const char *name, size_t length)
{
	char key[64];
	snprintf(key, sizeof(key), "%.*s", (int)length, name);
	const ini_entry *entry = ini_find(into->file, into->section, key);
	if (!entry)
		return ini_fail(into->file, into->entry->line, EINVAL,
				"%%(%s)s refers to a key that neither [%s] nor [DEFAULT] has", key,
				into->section);
	if (into->depth == MAX_EXPANSIONS)
		return ini_fail(into->file, into->entry->line, EINVAL, "%%(%s)s refers to itself",
				key);
	into->depth++;
	int r = expand(into, entry->value);
	into->depth--;
	return r;
}

static int expand(expansion *into, const char *text)
{
	int r = 0;
	while (r == 0 && *text) {
		size_t plain = strcspn(text, "%");
		fwrite(text, 1, plain, into->out);
		text += plain;
		const char *end;
		if (text[0] == '%' && text[1] == '%') {
			fputc('%', into->out);
			text += 2;
		} else if (text[0] == '%' && text[1] == '(' && (end = strstr(text, ")s"))) {
			r = expand_reference(into, text + 2, (size_t)(end - text - 2));
			text = end + 2;
		} else if (*text) {
			r = ini_fail(into->file, into->entry->line, EINVAL,
				     "'%%' at '%.20s' must be %%%% or the start of %%(key)s", text);
		}
	}
	return r;
}

int ini_expand(const ini_file *file, const char *section, const ini_entry *entry, char **ret)
{
	char *text = NULL;
	size_t size;
	expansion into = {.file = file, .section = section, .entry = entry};
	into.out = open_memstream(&text, &size);
	if (!into.out)
		return ini_fail(file, entry->line, ENOMEM, "no memory to read the file");
	int r = expand(&into, entry->value);
	if (fclose(into.out) != 0 && r == 0)
		r = ini_fail(file, entry->line, ENOMEM, "no memory to read the file");
	if (r < 0)
		free(text);
	else
		*ret = text;
	return r;
}
