/* SPDX-License-Identifier: MIT */
/*
 * fflush(NULL) cannot be used: it waits for every stream's lock, and a thread that
 * sits in fgets(stdin) holds one for as long as nobody types. So the streams are
 * walked one by one, along the list that glibc exports for the purpose of
 * libstdc++ and its own tools; without the list only the standard streams are.
 *
 * A byte stream's state is read in place: in a new process every page of code first
 * touched costs a fault, and every page written a copy.
 */

#include "process/stdio.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/sigmask.h"
#include "base/sys.h"

extern FILE *_IO_list_all __attribute__((weak));
extern void _IO_list_lock(void) __attribute__((weak));
extern void _IO_list_unlock(void) __attribute__((weak));

/* glibc's, from 2.32 on. */
extern char __libc_single_threaded __attribute__((weak));

NEWBORN static FILE *first_stream(void)
{
	return &_IO_list_all ? _IO_list_all : NULL;
}

NEWBORN static bool is_wide(const FILE *stream)
{
	return stream->_mode > 0;
}

/* What __fpending() says; wide characters stand in a buffer that only it knows. */
NEWBORN static bool has_output(FILE *stream)
{
	return stream->_IO_write_ptr > stream->_IO_write_base ||
	       (is_wide(stream) && __fpending(stream) > 0);
}

/* With SIGPIPE held back, what nobody will read is dropped, so that exit() does not try again. */
static void flush_if_free(FILE *stream, const sigpipe *hold)
{
	if (!has_output(stream) || ftrylockfile(stream) != 0)
		return;
	if (fflush_unlocked(stream) != 0 && errno == EPIPE && hold) {
		sigpipe_discard(hold);
		__fpurge(stream);
	}
	funlockfile(stream);
}

void stdio_flush_standard(void)
{
	flush_if_free(stdout, NULL);
	flush_if_free(stderr, NULL);
}

NEWBORN static void drop_pending(FILE *stream)
{
	if (has_output(stream))
		__fpurge(stream);
}

/* After ungetc() what was read ahead stands aside. */
NEWBORN static bool has_input(const FILE *stream)
{
	return stream->_IO_read_ptr != stream->_IO_read_end || stream->_IO_save_base;
}

/* Not freopen(), which seeks the input that is shared with the parent. When the parent's standard
 * input is closed, so is the child's afterwards readable as empty: no error either way. */
NEWBORN static void empty_stdin(void)
{
	if (has_input(stdin) || is_wide(stdin))
		__fpurge(stdin);
	/* Bytes not yet made wide are none of __fpurge()'s. */
	if (is_wide(stdin))
		stdin->_IO_read_ptr = stdin->_IO_read_end;
	sys_make_empty(STDIN_FILENO);
}

NEWBORN void stdio_drop_inherited(void)
{
	drop_pending(stdout);
	drop_pending(stderr);
	for (FILE *stream = first_stream(); stream; stream = stream->_chain)
		drop_pending(stream);
	empty_stdin();
}

/* The list's lock keeps a stream from being freed by fclose() in another thread meanwhile. Whoever
 * else holds it is in fclose() or fflush(NULL), and keeps any exit() waiting, too. */
NEWBORN static bool lock_list(void)
{
	bool alone = &__libc_single_threaded && __libc_single_threaded;
	bool lock = !alone && _IO_list_lock && _IO_list_unlock;
	if (lock)
		_IO_list_lock();
	return lock;
}

NEWBORN static bool nothing_to_flush(void)
{
	FILE *stream = first_stream();
	while (stream && !has_output(stream))
		stream = stream->_chain;
	return !stream && !has_output(stdout) && !has_output(stderr);
}

NEWBORN void stdio_flush_all(void)
{
	bool locked = lock_list();
	if (nothing_to_flush()) {
		if (locked)
			_IO_list_unlock();
		return;
	}
	SIGPIPE_HOLD(hold);
	flush_if_free(stdout, &hold);
	flush_if_free(stderr, &hold);
	for (FILE *stream = first_stream(); stream; stream = stream->_chain)
		flush_if_free(stream, &hold);
	if (locked)
		_IO_list_unlock();
}
