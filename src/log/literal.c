/* SPDX-License-Identifier: MIT */

#include "log/literal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

enum { MAX_DEPTH = 20 };

typedef struct parser {
	const char *text, *at;
	int depth;
} parser;

static literal *parse_value(parser *p);

void literal_free(literal *value)
{
	while (value) {
		literal *next = value->next;
		literal_free(value->items);
		free(value->text);
		free(value->key);
		free(value);
		value = next;
	}
}

/* An error at the parser's place; NULL. */
static literal *fail(const parser *p, const char *wanted)
{
	if (*p->at)
		return error_null(EINVAL, "%s at '%.30s'", wanted, p->at);
	return error_null(EINVAL, "%s at the end of '%.60s'", wanted, p->text);
}

static literal *make(literal_type type, long long number)
{
	literal *value = calloc(1, sizeof(*value));
	if (!value)
		return error_null(ENOMEM, "no memory for a literal");
	value->type = type;
	value->number = number;
	return value;
}

/* And comments. */
static void skip_space(parser *p)
{
	while (isspace((unsigned char)*p->at) || *p->at == '#')
		p->at += *p->at == '#' ? strcspn(p->at, "\n") : 1;
}

/* Takes c, after spaces, if it comes next. */
static bool take(parser *p, char c)
{
	skip_space(p);
	if (*p->at != c)
		return false;
	p->at++;
	return true;
}

enum { KEPT = -1, UNFINISHED = -2 };

/* The character of so many digits; UNFINISHED when there are fewer, or there is no such one. */
static long parse_digits(parser *p, int base, size_t least, size_t most)
{
	const char *allowed = base == 8 ? "01234567" : "0123456789abcdefABCDEF";
	char digits[9] = "";
	size_t count = strspn(p->at, allowed);
	if (count < least)
		return UNFINISHED;
	memcpy(digits, p->at, count < most ? count : most);
	p->at += strlen(digits);
	return strtol(digits, NULL, base);
}

/* The character that a backslash and what follows stand for; KEPT when it stands for itself. */
static long parse_escape(parser *p)
{
	static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
	const char *letter = *p->at ? strchr(letters, *p->at) : NULL;
	if (letter) {
		p->at++;
		return (unsigned char)meanings[letter - letters];
	}
	if (*p->at >= '0' && *p->at <= '7')
		return parse_digits(p, 8, 1, 3);
	if (*p->at == 'N')
		return UNFINISHED;
	size_t digits = *p->at == 'x' ? 2 : *p->at == 'u' ? 4 : *p->at == 'U' ? 8 : 0;
	if (digits == 0)
		return KEPT;
	p->at++;
	return parse_digits(p, 16, digits, digits);
}

/* Appends what stands behind a backslash; NULL when that is nothing. */
static literal *append_escaped(parser *p, literal *value, char **to)
{
	if (*p->at == '\n') {
		p->at++;
		return value;
	}
	long c = parse_escape(p);
	if (c == 0)
		return fail(p, "a string cannot hold a NUL: see before");
	if (c == KEPT)
		*(*to)++ = '\\';
	size_t length = c > 0 ? utf8_put(*to, (uint32_t)c) : 0;
	*to += length;
	return c == KEPT || length > 0
		       ? value
		       : fail(p, "an escape, as \\x41 or \\u00e9 are, is incomplete or unknown");
}

/* Appends the string at p to value's text, which has room. */
static literal *parse_one_string(parser *p, literal *value)
{
	bool raw = *p->at == 'r' || *p->at == 'R';
	if (*p->at != '\'' && *p->at != '"')
		p->at++;
	char quote = *p->at++, *to = value->text + strlen(value->text);
	while (*p->at != quote) {
		if (*p->at == '\0')
			return fail(p, "the string lacks its closing quote");
		if (*p->at != '\\') {
			*to++ = *p->at++;
			continue;
		}
		p->at++;
		if (raw) {
			/* It stays, and a quote after it does not close. */
			*to++ = '\\';
			if (*p->at)
				*to++ = *p->at++;
			continue;
		}
		if (!append_escaped(p, value, &to))
			return NULL;
	}
	p->at++;
	*to = '\0';
	return value;
}

static bool at_string(const parser *p)
{
	const char *at = p->at;
	if (*at && strchr("rRuU", *at))
		at++;
	return *at == '\'' || *at == '"';
}

/* Strings that stand side by side are one. */
static literal *parse_string(parser *p)
{
	literal *value = make(LITERAL_STRING, 0);
	if (!value)
		return NULL;
	value->text = calloc(1, strlen(p->at) + 1);
	bool good = value->text != NULL;
	if (!good)
		error_null(ENOMEM, "no memory for a string");
	while (good && at_string(p)) {
		good = parse_one_string(p, value) != NULL;
		skip_space(p);
	}
	if (good)
		return value;
	literal_free(value);
	return NULL;
}

static bool parse_integer(parser *p, long long *ret)
{
	char *end;
	int base = 10;
	const char *start = p->at;
	bool negative = *start == '-';
	if (*start == '-' || *start == '+')
		start++;
	if (start[0] == '0' && start[1] && strchr("xXoO", start[1])) {
		base = start[1] == 'x' || start[1] == 'X' ? 16 : 8;
		start += 2;
	}
	/* strtoll() would take another sign, spaces or 0x. */
	if (!isxdigit((unsigned char)*start) ||
	    (base == 16 && (start[1] == 'x' || start[1] == 'X')))
		return false;
	errno = 0;
	*ret = strtoll(start, &end, base);
	if (errno || end == start || isalnum((unsigned char)*end) || *end == '.' || *end == '_')
		return false;
	if (negative)
		*ret = -*ret;
	p->at = end;
	return true;
}

/* 10*1024*1024 */
static literal *parse_number(parser *p)
{
	long long product, factor;
	if (!parse_integer(p, &product))
		return fail(p, "not an integer that can be used");
	while (take(p, '*')) {
		skip_space(p);
		if (!parse_integer(p, &factor) || __builtin_mul_overflow(product, factor, &product))
			return fail(p, "not an integer that can be used");
	}
	return make(LITERAL_NUMBER, product);
}

static literal *parse_name(parser *p)
{
	size_t length = 0;
	while (isalnum((unsigned char)p->at[length]) || p->at[length] == '_' ||
	       p->at[length] == '.')
		length++;
	char *text = strndup(p->at, length);
	if (!text)
		return error_null(ENOMEM, "no memory for a name");
	p->at += length;
	literal *value;
	if (strcmp(text, "None") == 0)
		value = make(LITERAL_NONE, 0);
	else if (strcmp(text, "True") == 0 || strcmp(text, "False") == 0)
		value = make(LITERAL_BOOL, text[0] == 'T');
	else
		value = make(LITERAL_NAME, 0);
	if (value && value->type == LITERAL_NAME)
		value->text = text;
	else
		free(text);
	return value;
}

/* The elements after an opening bracket; *ret_commas how many were followed by a comma. */
static bool parse_items(parser *p, char closing, literal *into, int *ret_commas)
{
	literal **end = &into->items;
	*ret_commas = 0;
	while (!take(p, closing)) {
		if (into->items && *ret_commas == 0)
			return fail(p, "a ',' or a closing bracket is missing");
		literal *item = parse_value(p);
		if (!item)
			return false;
		*end = item;
		end = &item->next;
		if (take(p, ','))
			(*ret_commas)++;
		else if (!take(p, closing))
			return fail(p, "a ',' or a closing bracket is missing");
		else
			return true;
	}
	return true;
}

/* A tuple or list, or a value in parentheses. */
static literal *parse_tuple(parser *p)
{
	char opening = *p->at++;
	int commas;
	literal *tuple = make(LITERAL_TUPLE, 0);
	if (!tuple)
		return NULL;
	if (!parse_items(p, opening == '(' ? ')' : ']', tuple, &commas)) {
		literal_free(tuple);
		return NULL;
	}
	if (opening == '(' && tuple->items && commas == 0) {
		literal *inside = tuple->items;
		tuple->items = NULL;
		literal_free(tuple);
		return inside;
	}
	return tuple;
}

static literal *parse_entry(parser *p)
{
	skip_space(p);
	if (!at_string(p))
		return fail(p, "a key must be a string in quotes");
	literal *key = parse_string(p), *value = NULL;
	if (!key)
		return NULL;
	if (take(p, ':'))
		value = parse_value(p);
	else
		fail(p, "a ':' is missing");
	if (value) {
		value->key = key->text;
		key->text = NULL;
	}
	literal_free(key);
	return value;
}

static literal *parse_dict(parser *p)
{
	literal *dict = make(LITERAL_DICT, 0), *entry;
	if (!dict)
		return NULL;
	p->at++;
	for (literal **end = &dict->items; !take(p, '}'); end = &entry->next) {
		entry = parse_entry(p);
		*end = entry;
		if (entry && (take(p, ',') || *p->at == '}'))
			continue;
		if (entry)
			fail(p, "a ',' or a '}' is missing");
		literal_free(dict);
		return NULL;
	}
	return dict;
}

static literal *parse_bare(parser *p)
{
	skip_space(p);
	if (*p->at == '(' || *p->at == '[')
		return parse_tuple(p);
	if (*p->at == '{')
		return parse_dict(p);
	if (at_string(p))
		return parse_string(p);
	if (isdigit((unsigned char)*p->at) || *p->at == '-' || *p->at == '+')
		return parse_number(p);
	if (isalpha((unsigned char)*p->at) || *p->at == '_')
		return parse_name(p);
	return fail(p, "a string, number or name is missing");
}

static literal *parse_value(parser *p)
{
	if (p->depth == MAX_DEPTH)
		return fail(p, "too many brackets");
	p->depth++;
	literal *value = parse_bare(p);
	p->depth--;
	return value;
}

literal *literal_parse(const char *text)
{
	parser p = {.text = text, .at = text};
	literal *value = parse_value(&p);
	if (!value)
		return NULL;
	skip_space(&p);
	if (*p.at == '\0')
		return value;
	literal_free(value);
	return fail(&p, "something follows the value");
}
