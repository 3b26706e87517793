/* SPDX-License-Identifier: MIT */

#include "shared/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_add(text *t, const char *format, ...)
{
	va_list arguments;
	size_t room = t->length < t->size ? t->size - t->length : 0;
	va_start(arguments, format);
	int n = vsnprintf(room ? t->buffer + t->length : NULL, room, format, arguments);
	va_end(arguments);
	t->length += n > 0 ? (size_t)n : 0;
}

static void add_character(text *t, unsigned char c, char quote)
{
	switch (c) {
	case '\n':
		text_add(t, "\\n");
		break;
	case '\r':
		text_add(t, "\\r");
		break;
	case '\t':
		text_add(t, "\\t");
		break;
	default:
		if (c == '\\' || c == (unsigned char)quote)
			text_add(t, "\\%c", c);
		else if (c < ' ' || c == 0x7f)
			text_add(t, "\\x%02x", c);
		else
			text_add(t, "%c", c);
	}
}

void text_add_quoted(text *t, const char *bytes, size_t size)
{
	char quote = memchr(bytes, '\'', size) && !memchr(bytes, '"', size) ? '"' : '\'';
	text_add(t, "%c", quote);
	for (size_t i = 0; i < size; i++)
		add_character(t, (unsigned char)bytes[i], quote);
	text_add(t, "%c", quote);
}

void text_add_real(text *t, double number, bool single)
{
	char digits[40];
	for (int precision = 1; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, number);
		double read = strtod(digits, NULL);
		if (read == number || (single && (float)read == (float)number))
			break;
	}
	if (isnan(number))
		strcpy(digits, "nan");
	bool whole = isfinite(number) && !strpbrk(digits, ".e");
	text_add(t, "%s%s", digits, whole ? ".0" : "");
}
