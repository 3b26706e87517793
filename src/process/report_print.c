/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/signame.h"
#include "base/sys.h"
#include "log/logger.h"
#include "process/report.h"

static bool is_terminal(FILE *stream)
{
	const char *plain = getenv("NO_COLOR");
	int fd = fileno(stream);
	return !(plain && *plain) && fd >= 0 && isatty(fd);
}

static void print_usage(FILE *out, const brood_report *report)
{
	fprintf(out, "  [pid %d, %s, ran %.3f s", (int)report->pid, report->start_method,
		report->run_time);
	if (report->user_time >= 0)
		fprintf(out, ", processor %.3f s, at most %.1f MiB",
			report->user_time + report->system_time,
			(double)report->peak_memory / (1 << 20));
	if (report->recorded && report->thread != report->pid)
		fprintf(out, ", in thread %d '%s'", (int)report->thread, report->thread_name);
	if (report->core_dumped)
		fputs(", core dumped", out);
	fputs("]\n", out);
}

/* Lines behind the first stand under it. */
static void print_message(FILE *out, const char *message)
{
	for (; *message; message++) {
		fputc(*message, out);
		if (*message == '\n' && message[1])
			fputs("      ", out);
	}
	fputc('\n', out);
}

static void print_words(FILE *out, const brood_report *report)
{
	if (report->last_word_count)
		fputs("  Last lines of its log:\n", out);
	for (int i = 0; i < report->last_word_count; i++) {
		char level[24], when[16];
		const brood_last_word *word = &report->last_words[i];
		struct tm local;
		localtime_r(&word->created.tv_sec, &local);
		strftime(when, sizeof(when), "%H:%M:%S", &local);
		fprintf(out, "    %s,%03ld %s ", when, word->created.tv_nsec / 1000000 % 1000,
			level_name(word->level, level));
		print_message(out, word->message);
	}
}

static void print(FILE *out, struct report *report, bool colours)
{
	const brood_report *public = &report->public;
	const char *bold = colours ? "\033[1;31m" : "", *plain = colours ? "\033[0m" : "";
	int count;
	fprintf(out, "Process %s:\n", public->name);
	if (brood_report_stack(&report->public, &count)) {
		fputs("Traceback (most recent call last):\n", out);
		frames_print(out, &report->stack, bold, plain);
	}
	fprintf(out, "%s%s%s\n", bold, public->reason, plain);
	print_usage(out, public);
	print_words(out, public);
}

int brood_report_print(brood_report *report, FILE *stream)
{
	if (!report)
		return error_absent("the report");
	if (!stream)
		return error_set(EINVAL, "the stream to print the report on is NULL");
	/* In one piece, so that it is not mixed with what other processes write. */
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return error_set(ENOMEM, "no memory to print the report of '%s'", report->name);
	print(out, report_of(report), is_terminal(stream));
	int r = fclose(out);
	errno = 0;
	if (r == 0 && fwrite(text, 1, size, stream) == size && fflush(stream) == 0) {
		free(text);
		return 0;
	}
	int err = errno ? errno : ENOMEM;
	free(text);
	return error_set(err, "the report of '%s' cannot be printed: %s", report->name,
			 strerror(err));
}

void brood_report_to_stderr(brood_report *report, void *data)
{
	(void)data;
	/* Ctrl-C at a terminal is for all, and nobody wants to hear of it from each. */
	if (report && report->signal != SIGINT && report_of(report)->unexpected)
		brood_report_print(report, stderr);
}
