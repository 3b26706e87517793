/* SPDX-License-Identifier: MIT */

#include "process/frames.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

void frames_begin(FILE *out, bool complete)
{
	fprintf(out, "stack %d\n", complete);
}

/* A field: what would end it cannot be in it. */
static void write_text(FILE *out, const char *text)
{
	fputc('\t', out);
	for (; text && *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text, out);
}

/* A C++ program has what makes its symbols readable; names without debug information are such. */
static void write_function(FILE *out, const char *name)
{
	char *(*demangle)(const char *, char *, size_t *, int *) = NULL;
	if (name && strncmp(name, "_Z", 2) == 0)
		*(void **)&demangle = dlsym(RTLD_DEFAULT, "__cxa_demangle");
	char *readable = demangle ? demangle(name, NULL, NULL, NULL) : NULL;
	write_text(out, readable ? readable : name);
	free(readable);
}

/* The line of source that a frame is at, where the file can be read. */
static void write_source(FILE *out, const symbol *at)
{
	char path[PATH_MAX];
	bool absolute = at->file[0] == '/' || !at->directory;
	int length = snprintf(path, sizeof(path), "%s%s%s", absolute ? "" : at->directory,
			      absolute ? "" : "/", at->file);
	if (length < 0 || (size_t)length >= sizeof(path))
		return;
	FILE *source = fopen(path, "re");
	if (!source)
		return;
	char *text = NULL;
	size_t size = 0;
	int line = 0;
	while (line < at->line && getline(&text, &size, source) >= 0)
		line++;
	if (line == at->line) {
		text[strcspn(text, "\r\n")] = '\0';
		write_text(out, text + strspn(text, " \t"));
	}
	free(text);
	fclose(source);
}

void frames_write(FILE *out, uint64_t address, const symbol *at)
{
	fprintf(out, "%llx\t%llx\t%d", (unsigned long long)address, (unsigned long long)at->offset,
		at->file && at->line > 0 ? at->line : 0);
	write_function(out, at->function);
	write_text(out, at->file);
	write_text(out, at->module);
	if (at->file && at->line > 0)
		write_source(out, at);
	fputc('\n', out);
}

static const char *field(char **rest)
{
	const char *text = *rest ? strsep(rest, "\t") : NULL;
	return text && *text ? text : NULL;
}

static uint64_t number(const char *text, int base)
{
	return text ? strtoull(text, NULL, base) : 0;
}

static bool read_frame(char *line, brood_frame *ret)
{
	*ret = (brood_frame){0};
	ret->address = number(field(&line), 16);
	ret->offset = number(field(&line), 16);
	ret->line = (int)number(field(&line), 10);
	if (!line)
		return false;
	ret->function = field(&line);
	ret->file = field(&line);
	ret->module = field(&line);
	ret->source = field(&line);
	return true;
}

static void turn_round(frames *stack)
{
	for (int i = 0, j = stack->count - 1; i < j; i++, j--) {
		brood_frame frame = stack->items[i];
		stack->items[i] = stack->items[j];
		stack->items[j] = frame;
	}
}

int frames_read(char *text, frames *ret)
{
	char *rest = text, *line = text ? strsep(&rest, "\n") : NULL;
	*ret = (frames){.text = text};
	if (!line || strncmp(line, "stack ", 6) != 0)
		return 0;
	ret->complete = line[6] == '1';
	ret->items = calloc(FRAMES_MAX, sizeof(*ret->items));
	if (!ret->items) {
		frames_clear(ret);
		return -ENOMEM;
	}
	while (ret->count < FRAMES_MAX && (line = strsep(&rest, "\n")) && rest)
		ret->count += read_frame(line, &ret->items[ret->count]);
	/* What is behind the last newline was cut off, and maybe more. */
	if (line && *line)
		ret->complete = false;
	turn_round(ret);
	return 0;
}

void frames_clear(frames *stack)
{
	free(stack->items);
	free(stack->text);
	*stack = (frames){0};
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_call(const brood_frame *a, const brood_frame *b)
{
	return a->line == b->line && (a->line || a->address == b->address) &&
	       same_text(a->function, b->function) && same_text(a->file, b->file);
}

static void print_frame(FILE *out, const brood_frame *at)
{
	if (at->line > 0) {
		fprintf(out, "  File \"%s\", line %d, in %s\n", at->file, at->line,
			at->function ? at->function : "?");
		if (at->source)
			fprintf(out, "    %s\n", at->source);
		return;
	}
	fprintf(out, "  File \"%s\", %s%s+0x%llx\n", at->module ? at->module : "?",
		at->function ? "in " : "at ", at->function ? at->function : "",
		(unsigned long long)at->offset);
}

/* Of calls that repeat themselves Python prints three. */
enum { SHOWN = 3 };

/* The last that is printed: of a call that repeats itself to the end the last that is shown. */
static int last_shown(const frames *stack)
{
	int first = stack->count - 1, last = first;
	while (first > 0 && same_call(&stack->items[first], &stack->items[first - 1]))
		first--;
	return last < first + SHOWN ? last : first + SHOWN - 1;
}

void frames_print(FILE *out, const frames *stack, const char *before_last, const char *after_last)
{
	int repeated = 1, marked = last_shown(stack);
	if (!stack->complete && stack->count > 0)
		fputs("  [Not all calls before the last are known]\n", out);
	for (int i = 0; i < stack->count; i++) {
		const brood_frame *at = &stack->items[i];
		repeated = i > 0 && same_call(at, at - 1) ? repeated + 1 : 1;
		if (repeated <= SHOWN) {
			fputs(i == marked ? before_last : "", out);
			print_frame(out, at);
			fputs(i == marked ? after_last : "", out);
		} else if (i == stack->count - 1 || !same_call(at, at + 1)) {
			fprintf(out, "  [Previous line repeated %d more time%s]\n",
				repeated - SHOWN, repeated - SHOWN == 1 ? "" : "s");
		}
	}
}
