/* SPDX-License-Identifier: MIT */
#ifndef GOLDEN_EXPECT_H
#define GOLDEN_EXPECT_H

/*
 * What a program must print, read from a NAME.expected file:
 *
 *	%seconds 2		it takes at least so long
 *	%stdout			here the lines of standard output begin,
 *	%stderr			here those of standard error,
 *	%both			here those of both when they are one pipe; without it,
 *				the lines of the two above, each in its own order
 *	%any			the lines from here
 *	%end			to here come in any order; one that begins with a tab
 *				follows the line above it at once
 *	%indented 4		any number of lines that begin with so many blanks
 *
 * Every other line is a line of output, in which braces stand for
 *
 *	{1742}			a number, the same wherever it is written the same
 *	{started|stopped}	one of these texts
 *	{...}			any text
 *	{line:TEXT}		the number of the source's first line that holds TEXT
 *	{{			a brace; the closing one needs no more than itself
 */

#include <stdbool.h>
#include <stddef.h>

enum stream { STREAM_STDOUT, STREAM_STDERR, STREAM_BOTH, STREAMS };

typedef struct expect expect;

/* Reads a file; {line:...} means a line of source. Ends the program when it cannot. */
const expect *expect_read(const char *path, const char *source);

double expect_seconds(const expect *e);

/*
 * Whether text, which is cut into lines in place, is what the stream must hold; if not, says
 * on standard error which line is wrong or missing.
 */
bool expect_match(const expect *e, enum stream stream, char *text);

/* Prints what the stream may hold, a sample for the manual. */
void expect_print_sample(const expect *e, enum stream stream);

#endif
