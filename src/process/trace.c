/* SPDX-License-Identifier: MIT */

#include "process/trace.h"

#include <execinfo.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/symbols.h"

extern const char __start_brood_calls_targets[] __attribute__((visibility("hidden")));
extern const char __stop_brood_calls_targets[] __attribute__((visibility("hidden")));

static bool ends_at(const void *return_address)
{
	const char *at = return_address;
	return at > __start_brood_calls_targets && at <= __stop_brood_calls_targets;
}

enum { MAX_FRAMES = 256 };

/* The line of source that a frame is at, indented as Python does, where the file can be read. */
static void print_source(FILE *out, const symbol *at)
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
		fprintf(out, "    %s\n", text + strspn(text, " \t"));
	}
	free(text);
	fclose(source);
}

static void print_frame(FILE *out, const symbol *at)
{
	if (at->file && at->line > 0) {
		fprintf(out, "  File \"%s\", line %d, in %s\n", at->file, at->line, at->function);
		print_source(out, at);
		return;
	}
	fprintf(out, "  File \"%s\", %s%s+0x%zx\n", at->module ? at->module : "?",
		at->function ? "in " : "at ", at->function ? at->function : "", (size_t)at->offset);
}

/* The calls on a stack, innermost first: behind each is where it will return to. */
struct stack {
	const char *calls[MAX_FRAMES];
	int count;
};

/* From the call of the function that returns to innermost on. backtrace() loads a library, and
 * without descriptors or memory finds nothing. */
static void walk(const void *innermost, struct stack *stack)
{
	void *frames[MAX_FRAMES];
	int count = backtrace(frames, MAX_FRAMES), first = 0;
	while (first < count && frames[first] != innermost)
		first++;
	stack->count = first < count ? count - first : 1;
	/* A return address is behind its call, maybe already on the next line. */
	stack->calls[0] = (const char *)innermost - 1;
	for (int i = 1; i < stack->count; i++)
		stack->calls[i] = (const char *)frames[first + i] - 1;
}

/* Takes off those outermost calls that are not the program's: this library's and the C library's.
 */
static void cut(const symbolizer *names, struct stack *stack)
{
	int count = 1;
	while (count < stack->count && !ends_at(stack->calls[count] + 1) &&
	       !symbolizer_in_root(names, stack->calls[count]))
		count++;
	while (count > 1 && symbolizer_in_library(names, stack->calls[count - 1]))
		count--;
	stack->count = count;
}

static bool is_main(const symbol *at)
{
	return at->function && strcmp(at->function, "main") == 0;
}

/* Outermost first. */
static void print_stack(FILE *out, symbolizer *names, const struct stack *stack)
{
	symbol *at = calloc(MAX_FRAMES, sizeof(*at));
	int count = 0;
	for (int i = 0; at && i < stack->count && count < MAX_FRAMES; i++) {
		count += symbolizer_find(names, stack->calls[i], &at[count], MAX_FRAMES - count);
		if (is_main(&at[count - 1]))
			break;
	}
	while (count > 0)
		print_frame(out, &at[--count]);
	free(at);
}

char *trace_text(const void *innermost)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	symbolizer *names = symbolizer_new();
	struct stack stack;
	if (!out)
		goto finish;
	fputs("Traceback (most recent call last):\n", out);
	if (names) {
		walk(innermost, &stack);
		cut(names, &stack);
		print_stack(out, names, &stack);
	}
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
finish:
	symbolizer_free(names);
	return text;
}
