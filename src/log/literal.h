/* SPDX-License-Identifier: MIT */
#ifndef LOG_LITERAL_H
#define LOG_LITERAL_H

/*
 * The Python literals that a handler's args and kwargs are made of: strings,
 * integers and their products, None, True, False, dotted names, tuples, lists and
 * dictionaries with strings as keys.
 */

#include <stdbool.h>

typedef enum literal_type {
	LITERAL_NONE,
	LITERAL_BOOL,
	LITERAL_NUMBER,
	LITERAL_STRING,
	LITERAL_NAME,  /* sys.stderr */
	LITERAL_TUPLE, /* or a list */
	LITERAL_DICT,
} literal_type;

typedef struct literal {
	literal_type type;
	long long number;      /* of a number or bool */
	char *text;	       /* of a string or name */
	char *key;	       /* in a dictionary */
	struct literal *items; /* the first of a tuple or dictionary */
	struct literal *next;  /* after this one in there */
} literal;

/* Parses the whole text. Returns NULL with errno EINVAL or ENOMEM, and a sentence. */
literal *literal_parse(const char *text);

/* Frees it with all in it. NULL is allowed. */
void literal_free(literal *value);

#endif
