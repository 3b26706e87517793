/* SPDX-License-Identifier: MIT */

#include "process/trace.h"

#include <execinfo.h>
#include <stdlib.h>
#include <string.h>

#include "base/newborn.h"
#include "process/frames.h"

extern const char __start_brood_calls_targets[] __attribute__((visibility("hidden")));
extern const char __stop_brood_calls_targets[] __attribute__((visibility("hidden")));

static bool ends_at(const void *return_address)
{
	const char *at = return_address;
	return at > __start_brood_calls_targets && at <= __stop_brood_calls_targets;
}

enum { MAX_FRAMES = 256 };

/* The calls on a stack, innermost first: behind each is where it will return to. */
struct stack {
	const char *calls[MAX_FRAMES];
	int count;
	bool complete; /* none further out */
};

/* From the call of the function that returns to innermost on. backtrace() loads a library, and
 * without descriptors or memory finds nothing. */
static void walk(const void *innermost, struct stack *stack)
{
	void *found[MAX_FRAMES];
	int count = backtrace(found, MAX_FRAMES), first = 0;
	while (first < count && found[first] != innermost)
		first++;
	stack->count = first < count ? count - first : 1;
	stack->complete = first < count && count < MAX_FRAMES;
	/* A return address is behind its call, maybe already on the next line. */
	stack->calls[0] = (const char *)innermost - 1;
	for (int i = 1; i < stack->count; i++)
		stack->calls[i] = (const char *)found[first + i] - 1;
}

/* Takes off those outermost calls that are not the program's: this library's and the C library's.
 */
static void cut(const symbolizer *names, struct stack *stack)
{
	int count = 1;
	while (count < stack->count && !ends_at(stack->calls[count] + 1) &&
	       !symbolizer_in_root(names, stack->calls[count]))
		count++;
	stack->complete |= count < stack->count;
	while (count > 1 && symbolizer_in_library(names, stack->calls[count - 1]))
		count--;
	stack->count = count;
}

static bool is_main(const symbol *at)
{
	return at->function && strcmp(at->function, "main") == 0;
}

static void write_stack(FILE *out, symbolizer *names, const struct stack *stack)
{
	symbol *at = calloc(MAX_FRAMES, sizeof(*at));
	bool done = !at;
	for (int i = 0; !done && i < stack->count; i++) {
		int count = symbolizer_find(names, stack->calls[i], at, MAX_FRAMES);
		for (int j = 0; j < count; j++)
			frames_write(out, (uintptr_t)stack->calls[i], &at[j]);
		done = is_main(&at[count - 1]);
	}
	free(at);
}

char *trace_lines(const void *innermost)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	symbolizer *names = symbolizer_new();
	struct stack stack = {.complete = true};
	if (!out)
		goto finish;
	if (names) {
		walk(innermost, &stack);
		cut(names, &stack);
	}
	frames_begin(out, stack.complete);
	if (names)
		write_stack(out, names, &stack);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
finish:
	symbolizer_free(names);
	return text;
}

NEWBORN void trace_targets(uint64_t *ret_start, uint64_t *ret_end)
{
	*ret_start = (uintptr_t)__start_brood_calls_targets;
	*ret_end = (uintptr_t)__stop_brood_calls_targets;
}
