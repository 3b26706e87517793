/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <unistd.h>

#include "log/target.h"

struct stream {
	int fd;
	bool owned;
	formatter formatter;
};

stream *stream_new(int fd, bool owned, const formatter *f)
{
	stream *made = malloc(sizeof(*made));
	if (!made)
		return NULL;
	*made = (stream){.fd = fd, .owned = owned};
	if (formatter_copy(&made->formatter, f) < 0) {
		free(made);
		return NULL;
	}
	return made;
}

void stream_emit(const brood_log_record *record, void *data)
{
	const stream *to = data;
	log_line line;
	line_format(&line, record, &to->formatter, "");
	line_write(&line, to->fd);
	line_clear(&line);
}

void stream_free(void *data)
{
	stream *old = data;
	if (old->owned)
		close(old->fd);
	formatter_clear(&old->formatter);
	free(old);
}
