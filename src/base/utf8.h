/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/* Text as characters, where it has to be cut or counted. What is no UTF-8 counts by bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UTF8_MAX = 4 }; /* bytes of a character */

static inline bool utf8_continues(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The bytes of the text's first character; it is not empty. */
static inline size_t utf8_first(const char *text, size_t length)
{
	unsigned char lead = (unsigned char)text[0];
	size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	for (size_t i = 1; i < needs; i++)
		if (i == length || !utf8_continues(text[i]))
			return 1;
	return needs;
}

/* How many bytes at the text's beginning hold at most so many characters. */
static inline size_t utf8_prefix(const char *text, size_t length, size_t characters)
{
	size_t end = 0;
	for (; end < length && characters > 0; characters--)
		end += utf8_first(text + end, length - end);
	return end;
}

static inline size_t utf8_count(const char *text, size_t length)
{
	size_t count = 0;
	for (size_t at = 0; at < length; at += utf8_first(text + at, length - at))
		count++;
	return count;
}

/* The length without the part of a character that a cut has left at the end. */
static inline size_t utf8_whole(const char *text, size_t length)
{
	size_t last = length;
	while (last > 0 && length - last < UTF8_MAX - 1 && utf8_continues(text[last - 1]))
		last--;
	if (last == 0)
		return length;
	unsigned char lead = (unsigned char)text[last - 1];
	size_t needs = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	return length - last + 1 < needs ? last - 1 : length;
}

/* Writes a character's bytes and returns how many, or 0 for what is none. */
static inline size_t utf8_put(char text[UTF8_MAX], uint32_t character)
{
	static const unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
	if (character > 0x10FFFF || (character >= 0xD800 && character < 0xE000))
		return 0;
	size_t more = character >= 0x10000 ? 3 : character >= 0x800 ? 2 : character >= 0x80 ? 1 : 0;
	for (size_t i = more; i > 0; i--, character >>= 6)
		text[i] = (char)(0x80 | (character & 0x3F));
	text[0] = (char)(leads[more] | character);
	return more + 1;
}

#endif
