/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_PATTERN_H
#define GOLDEN_PATTERN_H

/* One expected line, with the braces that expect.h explains. */

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_NUMBERS = 8 };

/* Which number each {NUMBER} has turned out to be. */
struct pattern_numbers {
	int count;
	struct {
		const char *key, *value;
		size_t key_size, value_size;
	} known[PATTERN_NUMBERS];
};

/* Whether the whole text is what the pattern says; numbers that it names are noted then. */
bool pattern_match(const char *pattern, const char *text, struct pattern_numbers *numbers);

/* Prints a sample line: each pair of braces gives way to the first text in it. */
void pattern_print_sample(const char *pattern);

#endif
