/* SPDX-License-Identifier: MIT */
/*
 * fflush(NULL) cannot be used: it waits for every stream's lock, and a thread that
 * sits in fgets(stdin) holds one for as long as nobody types. So the streams are
 * walked one by one, along the list that glibc exports for the purpose of
 * libstdc++ and its own tools; without the list only the standard streams are.
 */

#include "process/stdio.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "base/sys.h"

extern FILE *_IO_list_all __attribute__((weak));

static FILE *first_stream(void)
{
	return &_IO_list_all ? _IO_list_all : NULL;
}

/* What __fpending() says, read in place: in a new process every page of code first touched costs a
 * fault, and every page written a copy. */
static bool has_output(const FILE *stream)
{
	return stream->_IO_write_ptr > stream->_IO_write_base;
}

static void flush_if_free(FILE *stream)
{
	if (!has_output(stream) || ftrylockfile(stream) != 0)
		return;
	fflush_unlocked(stream);
	funlockfile(stream);
}

void stdio_flush_standard(void)
{
	flush_if_free(stdout);
	flush_if_free(stderr);
}

static void drop_pending(FILE *stream)
{
	if (has_output(stream))
		__fpurge(stream);
}

/* Not freopen(), which seeks the input that is shared with the parent. When the parent's standard
 * input is closed, so is the child's afterwards readable as empty: no error either way. */
static void empty_stdin(void)
{
	if (stdin->_IO_read_ptr != stdin->_IO_read_end)
		__fpurge(stdin);
	sys_make_empty(STDIN_FILENO);
}

void stdio_drop_inherited(void)
{
	drop_pending(stdout);
	drop_pending(stderr);
	for (FILE *stream = first_stream(); stream; stream = stream->_chain)
		drop_pending(stream);
	empty_stdin();
}

void stdio_flush_all(void)
{
	flush_if_free(stdout);
	flush_if_free(stderr);
	for (FILE *stream = first_stream(); stream; stream = stream->_chain)
		flush_if_free(stream);
}
