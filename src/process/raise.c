/* SPDX-License-Identifier: MIT */
/* An error that nobody catches: told, and the process ends. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "process/exit.h"
#include "process/finalizer.h"
#include "process/self.h"
#include "process/trace.h"

/* "Process NAME:", the traceback, "TYPE: MESSAGE"; malloc()ed, or NULL. */
static char *report(const char *trace, const char *type, const char *message)
{
	char *text;
	bool child = !self_is_main() && !self_is_stranger();
	if (asprintf(&text, "%s%s%s%s%s%s%s\n", child ? "Process " : "", child ? brood_name() : "",
		     child ? ":\n" : "", trace ? trace : "", type && *type ? type : "Error",
		     *message ? ": " : "", message) < 0)
		return NULL;
	return text;
}

void brood_raise(const char *type, const char *format, ...)
{
	char *message = NULL;
	va_list args;
	va_start(args, format);
	if (format && vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	char *trace = trace_text(__builtin_return_address(0));
	char *text = report(trace, type, message ? message : "");
	free(trace);
	free(message);
	/* A child shuts down first and reports then, as in the specification's log. */
	if (text && !brood_is_exiting() && !self_is_main() && !self_is_stranger())
		exit_set_traceback(text);
	else if (text)
		sys_write_all(STDERR_FILENO, text, strlen(text));
	finalizers_rescue();
	exit_fail_if_ending();
	exit(EXIT_FAILURE);
}
