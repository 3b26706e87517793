/* SPDX-License-Identifier: MIT */

#include "pattern.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool match_number(const char *key, const char *close, const char *text,
			 struct pattern_numbers *numbers)
{
	size_t key_size = (size_t)(close - key);
	size_t size = strspn(text, "0123456789");
	int i = 0;
	while (i < numbers->count && (numbers->known[i].key_size != key_size ||
				      memcmp(numbers->known[i].key, key, key_size) != 0))
		i++;
	if (size == 0 || i == PATTERN_NUMBERS)
		return false;
	if (i < numbers->count && (numbers->known[i].value_size != size ||
				   memcmp(numbers->known[i].value, text, size) != 0))
		return false;

	struct pattern_numbers before = *numbers;
	if (i == numbers->count) {
		numbers->known[i].key = key;
		numbers->known[i].key_size = key_size;
		numbers->known[i].value = text;
		numbers->known[i].value_size = size;
		numbers->count++;
	}
	if (pattern_match(close + 1, text + size, numbers))
		return true;
	*numbers = before;
	return false;
}

static bool match_choice(const char *choice, const char *close, const char *text,
			 struct pattern_numbers *numbers)
{
	while (choice <= close) {
		size_t size = strcspn(choice, "|}");
		if (strncmp(choice, text, size) == 0 &&
		    pattern_match(close + 1, text + size, numbers))
			return true;
		choice += size + 1;
	}
	return false;
}

static bool match_anything(const char *rest, const char *text, struct pattern_numbers *numbers)
{
	do {
		if (pattern_match(rest, text, numbers))
			return true;
	} while (*text++);
	return false;
}

bool pattern_match(const char *pattern, const char *text, struct pattern_numbers *numbers)
{
	for (; *pattern && (*pattern != '{' || pattern[1] == '{'); pattern++) {
		if (*pattern != *text++)
			return false;
		if (*pattern == '{')
			pattern++;
	}
	if (!*pattern)
		return !*text;
	const char *inside = pattern + 1;
	const char *close = strchr(inside, '}');
	if (!close) {
		fprintf(stderr, "golden: a { without } in: %s\n", pattern);
		exit(99);
	}
	if (isdigit((unsigned char)*inside))
		return match_number(inside, close, text, numbers);
	if (strncmp(inside, "...}", 4) == 0)
		return match_anything(close + 1, text, numbers);
	return match_choice(inside, close, text, numbers);
}

void pattern_print_sample(const char *pattern)
{
	bool inside = false, skip = false;
	for (const char *c = *pattern == '\t' ? pattern + 1 : pattern; *c; c++) {
		if (*c == '{' && c[1] == '{' && !inside)
			putchar(*c++);
		else if (*c == '{')
			inside = true;
		else if (*c == '}' && inside)
			inside = skip = false;
		else if (*c == '|' && inside)
			skip = true;
		else if (!skip)
			putchar(*c);
	}
	putchar('\n');
}
