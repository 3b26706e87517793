/* SPDX-License-Identifier: MIT */
/* An error that nobody catches: told, left for the parent's report, and the process ends. */

#include "process/raise.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "process/exit.h"
#include "process/finalizer.h"
#include "process/frames.h"
#include "process/report_record.h"
#include "process/self.h"
#include "process/stuck.h"
#include "process/trace.h"

/* "Process NAME:", the traceback, "TYPE: MESSAGE"; malloc()ed, or NULL. */
static char *format_error(bool child, const frames *stack, const char *type, const char *message)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	if (child)
		fprintf(out, "Process %s:\n", brood_name());
	if (stack->count > 0)
		fputs("Traceback (most recent call last):\n", out);
	frames_print(out, stack, "", "");
	fprintf(out, "%s%s%s\n", type, *message ? ": " : "", message);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static bool is_child(void)
{
	return !self_is_main() && !self_is_stranger();
}

/* Takes the lines over; NULL for a traceback without calls. */
static char *tell(char *lines, const char *type, const char *message)
{
	frames stack;
	if (is_child())
		record_raised(type, message, lines);
	if (frames_read(lines, &stack) < 0)
		return NULL;
	char *text = format_error(is_child(), &stack, type, message);
	frames_clear(&stack);
	return text;
}

static void end_with(char *text) BROOD_NORETURN;
static void end_with(char *text)
{
	/* A child shuts down first and reports then, as in the specification's log. */
	if (text && !brood_is_exiting() && is_child()) {
		exit_set_traceback(text);
	} else if (text) {
		sys_write_all(STDERR_FILENO, text, strlen(text));
		free(text); /* the process may go on, from a finalizer */
	}
	finalizers_rescue();
	exit_fail_if_ending();
	exit(EXIT_FAILURE);
}

/* The lines of a traceback, and from where. */
struct tracing {
	const void *caller;
	char *lines;
};

static void trace(void *tracing)
{
	struct tracing *t = tracing;
	t->lines = trace_lines(t->caller);
}

/* NULL when there are none to be had: it asks the loader, whose lock another thread of the parent
 * may have had at the fork. */
static char *trace_lines_of(const void *caller)
{
	struct tracing t = {.caller = caller};
	if (!self_born_of_threads() || !sys_has_one_thread())
		trace(&t);
	else if (!stuck_try(trace, &t))
		return NULL;
	return t.lines;
}

void brood_raise(const char *type, const char *format, ...)
{
	char *message = NULL;
	va_list args;
	va_start(args, format);
	if (format && vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	char *text = tell(trace_lines_of(__builtin_return_address(0)),
			  type && *type ? type : "Error", message ? message : "");
	free(message);
	end_with(text);
}

void raise_import_error(const char *message)
{
	end_with(tell(NULL, "ImportError", message));
}
