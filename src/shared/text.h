/* SPDX-License-Identifier: MIT */
#ifndef SHARED_TEXT_H
#define SHARED_TEXT_H

/* Text put together in a buffer as snprintf(3) does: what does not fit is counted only. */

#include <stddef.h>

#include "brood/base.h"

typedef struct text {
	char *buffer;
	size_t size;
	size_t length;
} text;

void text_add(text *t, const char *format, ...) BROOD_PRINTF(2, 3);

/* So many bytes between quotes, as Python shows a string: 'it''s', 'a\n'. */
void text_add_quoted(text *t, const char *bytes, size_t size);

/* A number with a point, as short as it can be read back, as a float if `single`: 0.1, 1.0, 1e+20.
 */
void text_add_real(text *t, double number, bool single);

#endif
