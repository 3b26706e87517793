/* SPDX-License-Identifier: MIT */
/*
 * A section of the file is a list of items, and a cursor walks down it as lines
 * of output arrive: it takes a line, or refuses it. One pipe for two streams is
 * then two cursors, each line offered to the one and then to the other.
 */

#include "expect.h"

#include "pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 64, MAX_LINE = 512 };

enum kind { LINE, INDENTED, ANY, END };

struct item {
	enum kind kind;
	char text[MAX_LINE];
};

struct section {
	bool present;
	int count;
	struct item items[MAX_ITEMS];
};

struct expect {
	double seconds;
	struct section sections[STREAMS];
};

struct cursor {
	const struct section *section;
	int at;		    /* the item whose turn it is */
	int within;	    /* in an %any: the item that must follow at once, or 0 */
	unsigned long done; /* in an %any: the items that have come, a bit each */
};

static void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

static void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("golden: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(99);
}

/* Reading. */

static int line_of(const char *source, const char *text)
{
	char line[MAX_LINE];
	FILE *file = fopen(source, "r");
	if (!file)
		die("cannot read %s", source);
	int number = 0, found = 0;
	while (!found && fgets(line, sizeof(line), file)) {
		number++;
		if (strstr(line, text))
			found = number;
	}
	fclose(file);
	if (!found)
		die("no line of %s holds \"%s\"", source, text);
	return found;
}

static const char *find_line_mark(const char *text)
{
	while ((text = strchr(text, '{')) && strncmp(text, "{line:", 6) != 0)
		text += text[1] == '{' ? 2 : 1;
	return text;
}

/* Copies a line of output with its {line:...} replaced. */
static void resolve(char *to, const char *from, const char *source)
{
	const char *mark = find_line_mark(from);
	const char *close = mark ? strchr(mark, '}') : NULL;
	if (!close) {
		snprintf(to, MAX_LINE, "%s", from);
		return;
	}
	char text[MAX_LINE];
	snprintf(text, sizeof(text), "%.*s", (int)(close - mark - 6), mark + 6);
	snprintf(to, MAX_LINE, "%.*s%d%s", (int)(mark - from), from, line_of(source, text),
		 close + 1);
}

static void section_add(struct section *s, enum kind kind, const char *text, const char *source)
{
	if (!s)
		die("a line before %%stdout, %%stderr or %%both: %s", text);
	if (s->count == MAX_ITEMS)
		die("more than %d lines in a section", MAX_ITEMS);
	struct item *item = &s->items[s->count++];
	item->kind = kind;
	resolve(item->text, text, source);
}

static bool directive(expect *e, struct section **current, const char *line)
{
	static const char *const streams[] = {"%stdout", "%stderr", "%both"};
	for (int i = 0; i < STREAMS; i++) {
		if (strcmp(line, streams[i]) == 0) {
			*current = &e->sections[i];
			(*current)->present = true;
			return true;
		}
	}
	if (strncmp(line, "%seconds ", 9) == 0)
		e->seconds = strtod(line + 9, NULL);
	else if (strcmp(line, "%any") == 0)
		section_add(*current, ANY, "", NULL);
	else if (strcmp(line, "%end") == 0)
		section_add(*current, END, "", NULL);
	else if (strncmp(line, "%indented ", 10) == 0)
		section_add(*current, INDENTED, line + 10, NULL);
	else
		return false;
	return true;
}

const expect *expect_read(const char *path, const char *source)
{
	static expect e;
	struct section *current = NULL;
	char line[MAX_LINE];
	FILE *file = fopen(path, "r");
	if (!file)
		die("cannot read %s", path);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '%')
			section_add(current, LINE, line, source);
		else if (!directive(&e, &current, line))
			die("%s: what is \"%s\"?", path, line);
	}
	fclose(file);
	return &e;
}

double expect_seconds(const expect *e)
{
	return e->seconds;
}

/* Matching. */

static const struct item *item_at(const struct cursor *c, int at)
{
	return at < c->section->count ? &c->section->items[at] : NULL;
}

/* An item of an %any that follows the one before it. */
static bool follows(const struct item *item)
{
	return item && item->text[0] == '\t';
}

static bool cursor_any_done(const struct cursor *c, int *ret_end)
{
	int at = c->at + 1;
	bool done = true;
	for (const struct item *i; (i = item_at(c, at)) && i->kind != END; at++)
		done = done && (follows(i) || c->done & 1UL << at);
	*ret_end = at;
	return done && !c->within;
}

static bool cursor_take_any(struct cursor *c, const char *line, struct pattern_numbers *numbers)
{
	int took = c->within;
	if (took) {
		if (!pattern_match(item_at(c, took)->text + 1, line, numbers))
			return false;
	} else {
		for (took = c->at + 1; item_at(c, took) && item_at(c, took)->kind != END; took++) {
			const struct item *i = item_at(c, took);
			if (!follows(i) && !(c->done & 1UL << took) &&
			    pattern_match(i->text, line, numbers))
				break;
		}
		if (!item_at(c, took) || item_at(c, took)->kind == END)
			return false;
		c->done |= 1UL << took;
	}
	c->within = follows(item_at(c, took + 1)) ? took + 1 : 0;
	return true;
}

/* Steps over what needs no line: an %any of which all have come. */
static void cursor_settle(struct cursor *c)
{
	int end;
	const struct item *item = item_at(c, c->at);
	if (item && item->kind == ANY && cursor_any_done(c, &end))
		c->at = end + 1;
}

static bool cursor_take(struct cursor *c, const char *line, struct pattern_numbers *numbers)
{
	const struct item *item = item_at(c, c->at);
	if (!item)
		return false;
	if (item->kind == ANY) {
		bool taken = cursor_take_any(c, line, numbers);
		cursor_settle(c);
		return taken;
	}
	if (item->kind == INDENTED) {
		const struct item *next = item_at(c, c->at + 1);
		if (next && next->kind == LINE && pattern_match(next->text, line, numbers)) {
			c->at += 2;
			return true;
		}
		return strspn(line, " ") >= strtoul(item->text, NULL, 10);
	}
	if (!pattern_match(item->text, line, numbers))
		return false;
	c->at++;
	return true;
}

static bool cursor_complete(const struct cursor *c, const char *where)
{
	const struct item *item = item_at(c, c->at);
	if (!item || (item->kind == INDENTED && !item_at(c, c->at + 1)))
		return true;
	if (item->kind == LINE)
		fprintf(stderr, "golden: %s: missing from here on: %s\n", where, item->text);
	else
		fprintf(stderr, "golden: %s: some of the lines in any order are missing\n", where);
	return false;
}

bool expect_match(const expect *e, enum stream stream, char *text)
{
	static const char *const names[] = {"stdout", "stderr", "both on one pipe"};
	bool merged = stream == STREAM_BOTH && !e->sections[STREAM_BOTH].present;
	struct cursor first = {.section = &e->sections[merged ? STREAM_STDOUT : stream]};
	struct cursor second = {.section = &e->sections[STREAM_STDERR]};
	struct pattern_numbers numbers = {0};

	for (char *line = text, *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end) {
			fprintf(stderr, "golden: %s: the last line is cut: %s\n", names[stream],
				line);
			return false;
		}
		*end = '\0';
		if (!cursor_take(&first, line, &numbers) &&
		    !(merged && cursor_take(&second, line, &numbers))) {
			fprintf(stderr, "golden: %s: not expected here: %s\n", names[stream], line);
			return false;
		}
	}
	return cursor_complete(&first, names[stream]) &&
	       (!merged || cursor_complete(&second, names[stream]));
}

void expect_print_sample(const expect *e, enum stream stream)
{
	const struct section *s = &e->sections[stream];
	if (stream == STREAM_BOTH && !s->present) {
		expect_print_sample(e, STREAM_STDOUT);
		expect_print_sample(e, STREAM_STDERR);
		return;
	}
	for (int i = 0; i < s->count; i++) {
		if (s->items[i].kind == LINE)
			pattern_print_sample(s->items[i].text);
	}
}
