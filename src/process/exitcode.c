/* SPDX-License-Identifier: MIT */
/* Exit codes in words. */

#include "process/exitcode.h"

#include <stdio.h>

#include "base/signame.h"
#include "brood/report.h"

static const char *signal_of(int exitcode)
{
	return exitcode < 0 && exitcode != BROOD_NO_EXITCODE ? signame(-exitcode) : NULL;
}

int exitcode_word(int exitcode, char *buffer, size_t size)
{
	const char *signal = signal_of(exitcode);
	if (exitcode == BROOD_NO_EXITCODE)
		return snprintf(buffer, size, "unknown");
	return signal ? snprintf(buffer, size, "%s", signal)
		      : snprintf(buffer, size, "%d", exitcode);
}

const char *brood_exitcode_text_into(int exitcode, char *buffer, size_t size)
{
	const char *signal = signal_of(exitcode);
	if (!buffer || size == 0)
		return "";
	if (exitcode == BROOD_NO_EXITCODE)
		snprintf(buffer, size, "not ended, or not known how");
	else if (signal)
		snprintf(buffer, size, "killed by %s", signal);
	else
		snprintf(buffer, size, "%s %d", exitcode < 0 ? "killed by signal" : "exited with",
			 exitcode < 0 ? -exitcode : exitcode);
	return buffer;
}
