/* SPDX-License-Identifier: MIT */

#include "process/trace.h"

#include <execinfo.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "process/child.h"
#include "process/symbols.h"

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

/* The frames that are the program's: [*first, last). */
static int program_frames(void *const *frames, int count, const void *innermost, int *first)
{
	*first = 0;
	for (int i = 0; i < count; i++)
		if (frames[i] == innermost)
			*first = i;
	int last = *first;
	while (last < count && !child_calls_targets_at(frames[last]))
		last++;
	return last;
}

/* Prints them outermost first, up to main: what called that is the C library's. */
static void print_frames(FILE *out, void *const *frames, int first, int last)
{
	symbolizer *names = symbolizer_new();
	symbol *at = calloc(MAX_FRAMES, sizeof(*at));
	int count = 0;
	for (int i = first; names && at && i < last && count < MAX_FRAMES; i++) {
		/* A return address is behind its call, maybe already on the next line. */
		const char *call = (const char *)frames[i] - 1;
		count += symbolizer_find(names, call, &at[count], MAX_FRAMES - count);
		if (at[count - 1].function && strcmp(at[count - 1].function, "main") == 0)
			break;
	}
	while (count > 0)
		print_frame(out, &at[--count]);
	free(at);
	symbolizer_free(names);
}

char *trace_text(const void *innermost)
{
	void *frames[MAX_FRAMES];
	int first;
	int last = program_frames(frames, backtrace(frames, MAX_FRAMES), innermost, &first);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	fputs("Traceback (most recent call last):\n", out);
	print_frames(out, frames, first, last);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
