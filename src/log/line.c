/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "log/format.h"

void formatter_clear(formatter *f)
{
	free(f->format);
	free(f->datefmt);
	*f = (formatter){0};
}

int formatter_copy(formatter *to, const formatter *from)
{
	*to = (formatter){0};
	if (from->format)
		to->format = strdup(from->format);
	if (from->datefmt)
		to->datefmt = strdup(from->datefmt);
	if ((from->format && !to->format) || (from->datefmt && !to->datefmt)) {
		formatter_clear(to);
		return -ENOMEM;
	}
	return 0;
}

/* Formats behind the prefix; returns the whole length without the newline. */
static size_t fill(char *text, size_t size, const brood_log_record *record, const formatter *f,
		   const char *prefix)
{
	size_t before = strlen(prefix);
	memcpy(text, prefix, before);
	int length = brood_log_format(record, f->format, f->datefmt, text + before, size - before);
	return before + (length > 0 ? (size_t)length : 0);
}

void line_format(log_line *line, const brood_log_record *record, const formatter *f,
		 const char *prefix)
{
	line->text = line->local;
	line->length = fill(line->local, sizeof(line->local), record, f, prefix);
	if (line->length >= sizeof(line->local)) {
		size_t size = line->length + 1;
		char *more = malloc(size);
		if (more) {
			line->text = more;
			line->length = fill(more, size, record, f, prefix);
		} else {
			line->length = sizeof(line->local) - 1;
		}
	}
	line->text[line->length++] = '\n';
}

void line_clear(log_line *line)
{
	if (line->text != line->local)
		free(line->text);
}

void line_write(const log_line *line, int fd)
{
	sys_write_all(fd, line->text, line->length);
}
