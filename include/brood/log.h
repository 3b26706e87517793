/* SPDX-License-Identifier: MIT */
#ifndef BROOD_LOG_H
#define BROOD_LOG_H

/*
 * Logging, as Python's logging does it: named loggers in a tree, levels, and
 * handlers that write records. The library itself logs to the logger named
 * "multiprocessing", which is silent until it is given a handler:
 *
 *	brood_log_to_stderr(BROOD_LOG_INFO);
 *
 * or until a logging configuration file names it:
 *
 *	if (brood_log_config_file("logging.ini") < 0)
 *		fprintf(stderr, "%s\n", brood_error());
 *
 * A record goes to a logger's handlers, then to its parent's, up to the root,
 * until a logger does not propagate. Loggers exist from their first use to the
 * end of the program. Levels and handlers are in force in forked children too;
 * in spawned ones those of a configuration file and of brood_log_to_stderr() are,
 * and the program's own functions are not, unless it adds them again before
 * brood_init().
 *
 * Handlers of this library write each line with one write(2), so lines of
 * several threads and processes never mix. A line that cannot be written (a
 * closed or full stream) is lost without a word, and without SIGPIPE.
 *
 * Every function may be called from any thread, and in a forked child whatever
 * other threads of its parent were doing. Logging takes no lock, leaves errno
 * and brood_error() as they were, and blocks only where a handler does.
 */

#include <stdarg.h>
#include <sys/types.h>
#include <time.h>

#include "brood/base.h"

/* The levels; others in between may be used, and print as "Level N". */
#define BROOD_LOG_NOTSET     0
#define BROOD_LOG_SUBDEBUG   5
#define BROOD_LOG_DEBUG	     10
#define BROOD_LOG_INFO	     20
#define BROOD_LOG_SUBWARNING 25
#define BROOD_LOG_WARNING    30
#define BROOD_LOG_ERROR	     40
#define BROOD_LOG_CRITICAL   50

#ifdef __cplusplus
extern "C" {
#endif

typedef struct brood_logger brood_logger;

/* What a handler is given; all of it is valid until the handler returns. */
typedef struct brood_log_record {
	size_t size; /* of this struct, as the library knows it */
	int level;
	const char *level_name;	  /* "INFO" */
	const char *logger_name;  /* "root" for the root logger */
	const char *process_name; /* "MainProcess", "Process-1" */
	const char *thread_name;  /* "MainThread", or the kernel's name of the thread */
	pid_t process;
	pid_t thread;	      /* as gettid() */
	const char *file;     /* as __FILE__ gave it */
	const char *function; /* as __func__ gave it */
	int line;
	const char *message; /* without a newline at its end */
	size_t message_length;
	struct timespec created; /* CLOCK_REALTIME */
} brood_log_record;

/*
 * Writes a record somewhere. Called in the thread that logs, without any lock of
 * the library, by several threads at a time. It may log: its own records do not
 * come back to it. It must return; longjmp() out of it is not allowed.
 */
typedef void (*brood_log_handler)(const brood_log_record *record, void *data);

/*
 * The library's own logger, "multiprocessing". Without a level of its own it
 * takes the root logger's, WARNING; it has no handlers, and does not propagate
 * to the root's unless a configuration file says so. Never NULL.
 * From the specification: get_logger().
 */
BROOD_API brood_logger *brood_get_logger(void);

/*
 * Adds a handler to the library's logger that writes
 * "[LEVEL/PROCESSNAME] message\n" to file descriptor 2, and sets the logger's
 * level unless level is 0 (BROOD_LOG_NOTSET). Called twice, every line appears
 * twice. Also enables the logger if a configuration file had disabled it.
 * Returns the logger; NULL with errno EINVAL (a negative level) or ENOMEM.
 * From the specification: log_to_stderr().
 */
BROOD_API brood_logger *brood_log_to_stderr(int level);

/*
 * The logger of a name, made at its first use. Dots make the tree: the parent of
 * "a.b" is "a", that of "a" the root, whose name is "root" or "". Returns NULL
 * with errno EINVAL (no name) or ENOMEM.
 */
BROOD_API brood_logger *brood_logger_get(const char *name);

/* Its name, "root" for the root; "" for NULL. Valid until the program ends. */
BROOD_API const char *brood_logger_name(const brood_logger *logger);

/*
 * Sets the level below which the logger drops records; BROOD_LOG_NOTSET asks the
 * parent. Returns 0, or -EINVAL for a negative level.
 */
BROOD_API int brood_logger_set_level(brood_logger *logger, int level);

/* The level set, BROOD_LOG_NOTSET when there is none. Returns -EINVAL for NULL. */
BROOD_API int brood_logger_level(const brood_logger *logger);

/* The level in force: its own, or that of the nearest parent that has one. -EINVAL for NULL. */
BROOD_API int brood_logger_effective_level(const brood_logger *logger);

/* Whether the logger passes records of this level on; false for NULL. */
BROOD_API bool brood_logger_is_enabled(const brood_logger *logger, int level);

/* Sets whether the parents' handlers get the logger's records too. Returns 0 or -EINVAL. */
BROOD_API int brood_logger_set_propagate(brood_logger *logger, bool propagate);

/* Whether they do; false for NULL. */
BROOD_API bool brood_logger_propagates(const brood_logger *logger);

/*
 * Adds a handler for records of this level and above (BROOD_LOG_NOTSET: all).
 * data is passed to each call and must stay valid for good: after its removal
 * other threads may still be in the handler. Where it must be freed, use
 * brood_logger_add_handler_owned(). Returns an id for
 * brood_logger_remove_handler(), above 0; or 0 with errno EINVAL or ENOMEM.
 */
BROOD_API long brood_logger_add_handler(brood_logger *logger, int level, brood_log_handler handler,
					void *data);

/*
 * The same, and data belongs to the handler: release(data) is called once when
 * the handler has been removed, in this process, and no thread can be in it any
 * more; by whichever thread of the process sees that first, at the latest in the
 * next logging call or change of handlers that meets no other. Not called at the
 * program's end. On failure data stays the caller's.
 */
BROOD_API long brood_logger_add_handler_owned(brood_logger *logger, int level,
					      brood_log_handler handler, void *data,
					      void (*release)(void *data));

/*
 * Removes a handler; records being handled by other threads may still reach it.
 * Returns 0; -ENOENT when the logger has no handler of this id; or -EINVAL,
 * -ENOMEM.
 */
BROOD_API int brood_logger_remove_handler(brood_logger *logger, long id);

/*
 * Logs a message of any length, formatted as by printf, with the place in the
 * source where this stands. A NULL logger drops it.
 *
 *	brood_log(logger, BROOD_LOG_INFO, "%d jobs", n);
 */
#define brood_log(logger, level, ...) \
	brood_log_at(logger, level, __FILE__, __LINE__, __func__, __VA_ARGS__)

/* The same on the library's logger, "multiprocessing". */
#define brood_log_debug(...)	brood_log(brood_get_logger(), BROOD_LOG_DEBUG, __VA_ARGS__)
#define brood_log_info(...)	brood_log(brood_get_logger(), BROOD_LOG_INFO, __VA_ARGS__)
#define brood_log_warning(...)	brood_log(brood_get_logger(), BROOD_LOG_WARNING, __VA_ARGS__)
#define brood_log_error(...)	brood_log(brood_get_logger(), BROOD_LOG_ERROR, __VA_ARGS__)
#define brood_log_critical(...) brood_log(brood_get_logger(), BROOD_LOG_CRITICAL, __VA_ARGS__)

/* What brood_log() expands to; for wrappers that know the place themselves. */
BROOD_API void brood_log_at(brood_logger *logger, int level, const char *file, int line,
			    const char *function, const char *format, ...) BROOD_PRINTF(6, 7);

/* The same with a va_list. */
BROOD_API void brood_log_vat(brood_logger *logger, int level, const char *file, int line,
			     const char *function, const char *format, va_list args)
	BROOD_PRINTF(6, 0);

/*
 * Formats a record, for handlers: format holds Python's fields, with printf's
 * flags, width and precision (in characters of UTF-8), and %% for a percent sign:
 *
 *	%(name)s %(levelno)d %(levelname)s %(pathname)s %(filename)s %(module)s
 *	%(lineno)d %(funcName)s %(created)f %(asctime)s %(msecs)d
 *	%(relativeCreated)d %(thread)d %(threadName)s %(process)d
 *	%(processName)s %(message)s
 *
 * NULL is "%(message)s". datefmt is the strftime() format of %(asctime)s; with
 * NULL it is local time as "2026-11-23 03:45:00,123". Writes at most size bytes,
 * the final NUL included, and returns the length of the whole text, as
 * snprintf() does; or -EINVAL for a bad format, with buf untouched.
 */
BROOD_API int brood_log_format(const brood_log_record *record, const char *format,
			       const char *datefmt, char *buf, size_t size);

/*
 * Sets up loggers, levels, handlers and formatters from an INI file of the form
 * that Python's logging.config.fileConfig() reads, with these differences:
 *
 * - handler classes are StreamHandler, FileHandler, NullHandler,
 *   handlers.RotatingFileHandler and handlers.SysLogHandler, with or without
 *   "logging." before them; arguments are literals, not expressions;
 * - formatters use the % style and the fields of brood_log_format(), at least one; a
 *   formatter's class may only be logging.Formatter;
 * - several processes may write to one RotatingFileHandler's file.
 *
 * A syslog daemon need not run yet, as in Python: the handler connects when it
 * sends, and what is logged before is lost.
 *
 * Sections for the logger "multiprocessing" are found by its qualname. As in
 * Python, loggers that exist already and are neither named in the file nor below
 * one that is named are disabled; brood_log_config_file_with() can leave them as
 * they are. The library's logger counts as existing once it has been asked for
 * (brood_get_logger(), brood_log_to_stderr(), brood_logger_get()).
 * brood_log_to_stderr() enables it again. Handlers that the named loggers had are
 * removed, and files that they held are closed.
 *
 * Children started by spawn or forkserver get what the file held then; it may be changed or
 * removed. Log files that it names they open anew.
 *
 * Returns 0, or a negative errno with a sentence that begins with file and line,
 * such as "logging.ini:12: ...", and then nothing was changed: -EINVAL for what
 * the file says, or the errno of what could not be opened or allocated. Not to
 * be called by two threads at a time.
 */
BROOD_API int brood_log_config_file(const char *path);

typedef struct brood_log_config_options {
	size_t size;	    /* sizeof(brood_log_config_options) */
	bool keep_existing; /* loggers that the file does not name stay enabled */
} brood_log_config_options;

/* The same with options; NULL for the defaults. */
BROOD_API int brood_log_config_file_with(const char *path, const brood_log_config_options *options);

/*
 * How many lines of their logs the processes that are made from now on keep for their reports
 * (report.h), those that they make included: 16 by default, at most 4096, 0 for none. A line takes
 * 256 bytes of the shared heap, from the first one that the process logs on. Kept is what the
 * program logs at level DEBUG and above, shown or not; of the library's own lines those for which
 * its logger is enabled. Returns 0 or -EINVAL.
 */
BROOD_API int brood_log_set_last_words(int lines);

#ifdef __cplusplus
}
#endif

#endif
