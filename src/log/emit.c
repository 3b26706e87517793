/* SPDX-License-Identifier: MIT */
/*
 * A record's way from the call to the handlers. While handlers run, this thread
 * is a reader (so lists and handlers stay), and cannot be cancelled (a handler
 * may hold a file's lock). A handler that logs gets its own records not: those
 * active in this thread are passed over, so each nesting has one less to call.
 */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/newborn.h"
#include "log/last_words.h"
#include "log/log.h"
#include "log/logger.h"

typedef struct activity {
	const handler *handler;
	const struct activity *outer;
} activity;

static _Thread_local const activity *innermost;
NEWBORN_DATA static const char *_Atomic process_name = "MainProcess";

NEWBORN void log_set_process_name(const char *name)
{
	process_name = name;
}

const char *log_process_name(void)
{
	return process_name;
}

static bool is_active(const handler *h)
{
	const activity *at = innermost;
	while (at && at->handler != h)
		at = at->outer;
	return at != NULL;
}

static const brood_logger *next_up(const brood_logger *logger)
{
	return logger->quiet ? NULL : logger->parent;
}

static void call(const handler *h, const brood_log_record *record)
{
	activity here = {.handler = h, .outer = innermost};
	innermost = &here;
	h->emit(record, h->data);
	innermost = here.outer;
}

static void deliver(const brood_logger *logger, const brood_log_record *record)
{
	for (; logger; logger = next_up(logger)) {
		const handler_list *list = logger->handlers;
		for (size_t i = 0; list && i < list->count; i++)
			if (record->level >= list->items[i]->level && !is_active(list->items[i]))
				call(list->items[i], record);
	}
}

/* Whether a handler would get the record; the caller is a reader. */
static bool has_taker(const brood_logger *logger, int level)
{
	for (; logger; logger = next_up(logger)) {
		const handler_list *list = logger->handlers;
		for (size_t i = 0; list && i < list->count; i++)
			if (level >= list->items[i]->level && !is_active(list->items[i]))
				return true;
	}
	return false;
}

/* The message, in local or allocated; cut when there is no memory for a long one. */
static char *format_message(char *local, size_t size, const char *format, va_list args,
			    size_t *ret_length)
{
	va_list again;
	va_copy(again, args);
	char *text = local;
	int saved = errno, length = vsnprintf(local, size, format, args);
	if (length < 0)
		length = snprintf(local, size, "%s", format);
	*ret_length = (size_t)length;
	if (*ret_length >= size) {
		text = malloc(*ret_length + 1);
		errno = saved; /* for %m */
		if (text)
			vsnprintf(text, *ret_length + 1, format, again);
		else
			*ret_length = size - 1;
	}
	va_end(again);
	return text ? text : local;
}

static void set_thread(brood_log_record *record, char name[16])
{
	record->process = getpid();
	record->thread = gettid();
	record->thread_name = "MainThread";
	if (record->thread != record->process && pthread_getname_np(pthread_self(), name, 16) == 0)
		record->thread_name = name;
}

/* Never a part of its caller, which would then take its kilobytes of stack, and in a new process a
 * page to copy, for records that nobody wants. */
__attribute__((noinline)) static void emit(const brood_logger *logger, brood_log_record *record,
					   const char *format, va_list args)
{
	char local[1000], level[24], thread[16];
	char *text = format_message(local, sizeof(local), format, args, &record->message_length);
	clock_gettime(CLOCK_REALTIME, &record->created);
	record->message = text;
	record->level_name = level_name(record->level, level);
	record->logger_name = logger->name;
	record->process_name = process_name;
	set_thread(record, thread);
	deliver(logger, record);
	if (text != local)
		free(text);
}

static void log_enabled(const brood_logger *logger, int level, const char *file, int line,
			const char *function, const char *format, va_list args)
{
	int saved = errno, cancel;
	brood_log_record record = {.size = sizeof(record),
				   .level = level,
				   .file = file ? file : "",
				   .line = line,
				   .function = function ? function : ""};
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	reading_begin();
	if (has_taker(logger, level)) {
		errno = saved;
		emit(logger, &record, format, args);
	}
	reading_end();
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
}

void brood_log_vat(brood_logger *logger, int level, const char *file, int line,
		   const char *function, const char *format, va_list args)
{
	if (!logger || !format)
		return;
	if (last_words_wants(level))
		last_words_add(logger, level, format, args);
	if (brood_logger_is_enabled(logger, level))
		log_enabled(logger, level, file, line, function, format, args);
}

void brood_log_at(brood_logger *logger, int level, const char *file, int line, const char *function,
		  const char *format, ...)
{
	va_list args;
	va_start(args, format);
	brood_log_vat(logger, level, file, line, function, format, args);
	va_end(args);
}

bool log_wants(int level)
{
	if (!brood_logger_is_enabled(&logger_multiprocessing, level))
		return false;
	reading_begin();
	bool wanted = has_taker(&logger_multiprocessing, level);
	reading_end();
	return wanted;
}

NEWBORN void log_message(int level, const char *file, int line, const char *function,
			 const char *format, ...)
{
	/* What is not shown is not kept either: a process that logs nothing itself would otherwise
	 * pay for last words with its start and end. */
	if (!brood_logger_is_enabled(&logger_multiprocessing, level))
		return;
	va_list args;
	va_start(args, format);
	brood_log_vat(&logger_multiprocessing, level, file, line, function, format, args);
	va_end(args);
}
