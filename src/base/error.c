/* SPDX-License-Identifier: MIT */
/* The thread's last failure: errno's companion in words. */

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/local.h"

/* The thread's sentences. Threads for which there is no memory share some. */
static local *mine(void)
{
	static local shared;
	int saved = errno;
	local *own = local_get();
	errno = saved;
	return own ? own : &shared;
}

static void record(const char *format, va_list args)
{
	/* Through a buffer: an argument may be brood_error() itself. */
	char sentence[LOCAL_SENTENCE_SIZE];
	vsnprintf(sentence, sizeof(sentence), format, args);
	memcpy(mine()->failure, sentence, sizeof(sentence));
}

void error_record(int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	record(format, args);
	va_end(args);
	errno = err;
}

void *error_null(int err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	record(format, args);
	va_end(args);
	return error_to_null(-err);
}

void *error_to_null(int negative_errno)
{
	local *own = mine();
	memcpy(own->failure_null, own->failure, sizeof(own->failure));
	errno = -negative_errno;
	return NULL;
}

void error_record_absent(const char *what)
{
	local *own = mine();
	if (own->failure_null[0] == '\0') {
		error_record(EINVAL, "%s is NULL", what);
		return;
	}
	memcpy(own->failure, own->failure_null, sizeof(own->failure));
	errno = EINVAL;
}

const char *brood_error(void)
{
	return mine()->failure;
}

static void BROOD_NORETURN give_up(const char *file, int line, const char *expr)
{
	const char *why = brood_error();
	fprintf(stderr, "%s:%d: %s: %s\n", file, line, expr, *why ? why : strerror(errno));
	exit(1);
}

int brood_must_int(int value, const char *file, int line, const char *expr)
{
	return (int)brood_must_number(value, file, line, expr);
}

long long brood_must_number(long long value, const char *file, int line, const char *expr)
{
	if (value < 0)
		give_up(file, line, expr);
	return value;
}

void *brood_must_pointer(const void *value, const char *file, int line, const char *expr)
{
	if (!value)
		give_up(file, line, expr);
	return (void *)(size_t)value;
}
