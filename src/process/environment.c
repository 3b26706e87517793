/* SPDX-License-Identifier: MIT */

#include "process/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t size_now(void)
{
	size_t size = 0;
	for (char **word = environ; word && *word; word++)
		size += strlen(*word) + 1;
	return size;
}

void environment_copy(char *to)
{
	*to = '\0'; /* that of an empty one */
	for (char **word = environ; word && *word; word++)
		to = stpcpy(to, *word) + 1;
}

int environment_note(environment *to)
{
	size_t size = size_now();
	char *strings = realloc(to->strings, size + 1);
	if (!strings)
		return -ENOMEM;
	environment_copy(strings);
	*to = (environment){.strings = strings, .size = size};
	return 0;
}

size_t environment_changed(const environment *since)
{
	size_t at = 0;
	for (char **word = environ; word && *word; word++) {
		size_t size = strlen(*word) + 1;
		bool same =
			size <= since->size - at && memcmp(since->strings + at, *word, size) == 0;
		if (!same)
			return size_now();
		at += size;
	}
	/* An empty one is a change, too, and takes the end of a string. */
	return at == since->size ? 0 : at ? at : 1;
}
