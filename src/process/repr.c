/* SPDX-License-Identifier: MIT */
/* The object as text, in the form of the specification. */

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "process/children.h"
#include "process/exitcode.h"

/* "stopped", "stopped[3]", "stopped[SIGTERM]". */
static void format_stopped(const brood_process *process, char *state, size_t size)
{
	char word[24];
	int code = process->status_lost ? BROOD_NO_EXITCODE : process->exitcode;
	exitcode_word(code, word, sizeof(word));
	if (code)
		snprintf(state, size, "stopped[%s]", word);
	else
		snprintf(state, size, "stopped");
}

/* In this order: what one is oneself, then what may be known, then what is the case. */
static void format_state(brood_process *process, char *state, size_t size)
{
	const char *word;
	if (process == brood_current_process())
		word = "started";
	else if (process->closed)
		word = "closed";
	else if (!process_is_ours(process))
		word = "unknown";
	else if (process->state < PROCESS_STARTED)
		word = "initial";
	else if (brood_process_is_alive(process))
		word = "started";
	else
		word = NULL;
	if (word)
		snprintf(state, size, "%s", word);
	else
		format_stopped(process, state, size);
}

int brood_process_format(brood_process *process, char *buffer, size_t size)
{
	if (!buffer && size)
		return error_set(EINVAL, "the buffer is NULL");
	if (!process)
		return snprintf(buffer, size, "<Process(NULL)>");
	char state[40];
	format_state(process, state, sizeof(state));
	return snprintf(buffer, size, "<%s(%s, %s%s)>", process->class_name,
			brood_process_name(process), state, process->daemon ? " daemon" : "");
}

const char *brood_process_repr_into(brood_process *process, char *buffer, size_t size)
{
	int length = brood_process_format(process, buffer, size);
	/* A name too long for the buffer: an ellipsis says so. */
	if (size >= 4 && length >= 0 && (size_t)length >= size)
		memcpy(buffer + utf8_whole(buffer, size - 4), "...", 4);
	return buffer;
}
