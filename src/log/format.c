/* SPDX-License-Identifier: MIT */
/*
 * Python's %-style formats. Text is padded and cut here; numbers go through
 * snprintf with a format made of the parts that it defines for them.
 */

#include "log/format.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "log/zone.h"

typedef enum field_id {
	NAME,
	LEVELNO,
	LEVELNAME,
	PATHNAME,
	FILENAME,
	MODULE,
	LINENO,
	FUNCNAME,
	CREATED,
	ASCTIME,
	MSECS,
	RELATIVE_CREATED,
	THREAD,
	THREADNAME,
	PROCESS,
	PROCESSNAME,
	MESSAGE,
	FIELDS
} field_id;

static const char *const field_names[FIELDS] = {
	"name",	  "levelno",	"levelname", "pathname",    "filename", "module",
	"lineno", "funcName",	"created",   "asctime",	    "msecs",	"relativeCreated",
	"thread", "threadName", "process",   "processName", "message",
};

/* %(field)flags width .precision conversion */
typedef struct field_spec {
	field_id field;
	char flags[6];
	int width;
	int precision; /* -1: none */
	char conversion;
} field_spec;

/* What fits is kept, all is counted. */
typedef struct output {
	char *text;
	size_t size, length;
} output;

static void put(output *out, const char *text, size_t length)
{
	if (out->length < out->size) {
		size_t room = out->size - out->length;
		memcpy(out->text + out->length, text, length < room ? length : room);
	}
	out->length += length;
}

static void pad(output *out, size_t count)
{
	while (count-- > 0)
		put(out, " ", 1);
}

static bool is_number(field_id field)
{
	switch (field) {
	case LEVELNO:
	case LINENO:
	case CREATED:
	case MSECS:
	case RELATIVE_CREATED:
	case THREAD:
	case PROCESS:
		return true;
	default:
		return false;
	}
}

/* A number of at most three digits; -1 when it has more. */
static int parse_count(const char **at)
{
	int count = 0;
	for (int digits = 0; isdigit((unsigned char)**at); (*at)++) {
		if (++digits > 3)
			return -1;
		count = count * 10 + (**at - '0');
	}
	return count;
}

static int parse_field(const char **at, field_spec *ret)
{
	const char *name = *at + 1, *end = **at == '(' ? strchr(name, ')') : NULL;
	if (!end)
		return error_set(EINVAL,
				 "'%%' at '%.20s' begins no field: write %%(message)s, "
				 "or %%%% for a percent sign",
				 *at - 1);
	size_t length = (size_t)(end - name);
	for (int i = 0; i < FIELDS; i++) {
		if (strlen(field_names[i]) == length &&
		    strncmp(field_names[i], name, length) == 0) {
			ret->field = (field_id)i;
			*at = end + 1;
			return 0;
		}
	}
	return error_set(EINVAL,
			 "%%(%.*s) is no field: use one of name, levelno, levelname, "
			 "pathname, filename, module, lineno, funcName, created, asctime, msecs, "
			 "relativeCreated, thread, threadName, process, processName, message",
			 (int)(length < 40 ? length : 40), name);
}

/* Parses what follows a '%'. Returns 0 and moves *at behind it, or -EINVAL with a sentence. */
static int parse_spec(const char **at, field_spec *ret)
{
	const char *start = *at;
	*ret = (field_spec){.precision = -1};
	int r = parse_field(at, ret);
	if (r < 0)
		return r;
	for (size_t n = 0; **at && strchr("-+ #0", **at); (*at)++)
		if (n < sizeof(ret->flags) - 1 && !strchr(ret->flags, **at))
			ret->flags[n++] = **at;
	ret->width = parse_count(at);
	if (**at == '.') {
		(*at)++;
		ret->precision = parse_count(at);
		if (ret->precision < 0)
			ret->width = -1;
	}
	if (ret->width < 0)
		return error_set(EINVAL, "a width or precision in '%%%.40s' is above 999", start);
	const char *allowed = is_number(ret->field) ? "sdiuxXofFeEgG" : "s";
	ret->conversion = **at;
	if (!ret->conversion || !strchr(allowed, ret->conversion))
		return error_set(
			EINVAL, "%%(%s) must end in %s, as in %%(%s)%c", field_names[ret->field],
			is_number(ret->field) ? "'d', 's' or another of diuxXofFeEgG" : "'s'",
			field_names[ret->field], is_number(ret->field) ? 'd' : 's');
	(*at)++;
	return 0;
}

int format_check(const char *format)
{
	field_spec spec;
	int r = 0, fields = 0;
	for (const char *at = format; r == 0 && *at;) {
		if (*at++ != '%')
			continue;
		if (*at == '%') {
			at++;
			continue;
		}
		r = parse_spec(&at, &spec);
		fields++;
	}
	return r < 0 ? r : fields;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static size_t default_time(const brood_log_record *record, const struct tm *local, char *text,
			   size_t size)
{
	size_t length = strftime(text, size, "%Y-%m-%d %H:%M:%S", local);
	return length + (size_t)snprintf(text + length, size - length, ",%03ld",
					 record->created.tv_nsec / 1000000);
}

enum { TIME_SIZE = 256 };

/* The field's text and its length; storage is for a time. */
static const char *text_of(const brood_log_record *record, field_id field, const char *datefmt,
			   char storage[TIME_SIZE], size_t *ret_length)
{
	const char *text = "";
	struct tm local;
	switch (field) {
	case MESSAGE:
		*ret_length = record->message_length;
		return record->message;
	case ASCTIME:
		zone_local(record->created.tv_sec, &local);
		*ret_length = datefmt && *datefmt
				      ? strftime(storage, TIME_SIZE, datefmt, &local)
				      : default_time(record, &local, storage, TIME_SIZE);
		return storage;
	case MODULE: {
		text = base_name(record->file);
		const char *dot = strrchr(text, '.');
		*ret_length = dot ? (size_t)(dot - text) : strlen(text);
		return text;
	}
	case NAME:
		text = record->logger_name;
		break;
	case LEVELNAME:
		text = record->level_name;
		break;
	case PATHNAME:
		text = record->file;
		break;
	case FILENAME:
		text = base_name(record->file);
		break;
	case FUNCNAME:
		text = record->function;
		break;
	case THREADNAME:
		text = record->thread_name;
		break;
	case PROCESSNAME:
		text = record->process_name;
		break;
	default:
		break;
	}
	*ret_length = strlen(text);
	return text;
}

static int64_t nanoseconds(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}

/* In units of 1e-9 for what has a fraction, which *ret_fraction tells. */
static int64_t number_of(const brood_log_record *record, field_id field, bool *ret_fraction)
{
	*ret_fraction = false;
	switch (field) {
	case LEVELNO:
		return record->level;
	case LINENO:
		return record->line;
	case THREAD:
		return record->thread;
	case PROCESS:
		return record->process;
	case MSECS:
		return record->created.tv_nsec / 1000000;
	case RELATIVE_CREATED:
		return (nanoseconds(&record->created) - zone_loaded_at()) / 1000000;
	default:
		*ret_fraction = true;
		return nanoseconds(&record->created);
	}
}

/* Width and precision are in characters. */
static void put_text(output *out, const field_spec *spec, const char *text, size_t length)
{
	if (spec->precision >= 0)
		length = utf8_prefix(text, length, (size_t)spec->precision);
	size_t width = (size_t)spec->width, characters = width ? utf8_count(text, length) : 0;
	size_t fill = width > characters ? width - characters : 0;
	bool left = strchr(spec->flags, '-') != NULL;
	pad(out, left ? 0 : fill);
	put(out, text, length);
	pad(out, left ? fill : 0);
}

/* The printf format of a number: of the flags only those that the conversion defines. */
static void number_format(const field_spec *spec, const char *flags, const char *modifier,
			  char *text, size_t size)
{
	char kept[sizeof(spec->flags)];
	size_t n = 0;
	for (const char *flag = spec->flags; *flag; flag++)
		if (strchr(flags, *flag))
			kept[n++] = *flag;
	kept[n] = '\0';
	snprintf(text, size, "%%%s*.*%s%c", kept, modifier, spec->conversion);
}

static void put_number(output *out, const field_spec *spec, int64_t number, bool fraction)
{
	char text[1400], format[32];
	long long whole = fraction ? number / 1000000000 : number;
	double real = fraction ? (double)number / 1e9 : (double)number;
	int length = 0;
	switch (spec->conversion) {
	case 's':
		length = fraction ? snprintf(text, sizeof(text), "%.6f", real)
				  : snprintf(text, sizeof(text), "%lld", whole);
		put_text(out, spec, text, (size_t)length);
		return;
	case 'd':
	case 'i':
	case 'u':
		number_format(spec, "-+ 0", "ll", format, sizeof(format));
		length = snprintf(text, sizeof(text), format, spec->width, spec->precision, whole);
		break;
	case 'x':
	case 'X':
	case 'o':
		number_format(spec, "-#0", "ll", format, sizeof(format));
		length = snprintf(text, sizeof(text), format, spec->width, spec->precision,
				  (unsigned long long)whole);
		break;
	default:
		number_format(spec, "-+ #0", "", format, sizeof(format));
		length = snprintf(text, sizeof(text), format, spec->width, spec->precision, real);
		break;
	}
	put(out, text, length > 0 ? (size_t)length : 0);
}

static void put_field(output *out, const field_spec *spec, const brood_log_record *record,
		      const char *datefmt)
{
	if (is_number(spec->field)) {
		bool fraction;
		int64_t number = number_of(record, spec->field, &fraction);
		put_number(out, spec, number, fraction);
		return;
	}
	char storage[TIME_SIZE];
	size_t length;
	const char *text = text_of(record, spec->field, datefmt, storage, &length);
	put_text(out, spec, text, length);
}

int brood_log_format(const brood_log_record *record, const char *format, const char *datefmt,
		     char *buf, size_t size)
{
	if (!record || (!buf && size > 0))
		return error_set(EINVAL, "%s is NULL", record ? "the buffer" : "the record");
	if (!format)
		format = "%(message)s";
	int r = format_check(format);
	if (r < 0)
		return r;
	output out = {.text = buf, .size = size > 0 ? size - 1 : 0};
	for (const char *at = format; *at;) {
		size_t plain = strcspn(at, "%");
		put(&out, at, plain);
		at += plain;
		if (*at == '\0')
			break;
		if (*++at == '%') {
			put(&out, at++, 1);
			continue;
		}
		field_spec spec;
		parse_spec(&at, &spec);
		put_field(&out, &spec, record, datefmt);
	}
	if (size > 0)
		buf[out.length < out.size ? out.length : out.size] = '\0';
	return out.length < INT_MAX ? (int)out.length : INT_MAX;
}
