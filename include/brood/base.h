/* SPDX-License-Identifier: MIT */
#ifndef BROOD_BASE_H
#define BROOD_BASE_H

/*
 * What every layer shares: how failures are told, how long to wait, and how
 * many processors there are.
 *
 * A call that fails returns a negative errno, or NULL with errno set, and
 * leaves a sentence that says what to do; brood_error() gives it:
 *
 *	brood_process *p = brood_start(.call = worker);
 *	if (!p)
 *		fprintf(stderr, "no worker: %s\n", brood_error());
 *
 * A program that has nothing better to do than to stop wraps the call in
 * brood_must(), which prints file, line and sentence and exits with 1.
 *
 * Timeouts are seconds, as a double, measured on the monotonic clock. Zero or
 * less looks once; BROOD_FOREVER (and all above 1e9) never runs out; NaN is
 * -EINVAL.
 */

#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#define BROOD_VERSION_MAJOR	    0
#define BROOD_VERSION_MINOR	    1
#define BROOD_VERSION_PATCH	    0

#define BROOD_API		    __attribute__((visibility("default")))
#define BROOD_PRINTF(string, first) __attribute__((format(printf, string, first)))
#define BROOD_NORETURN		    __attribute__((noreturn))

/* A timeout that never runs out. Not INFINITY: -ffast-math breaks that. */
#define BROOD_FOREVER DBL_MAX

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The version of the library in use, "MAJOR.MINOR.PATCH"; static storage. It
 * may be newer than the BROOD_VERSION_* that the program was compiled with.
 */
BROOD_API const char *brood_version(void);

/*
 * The calling thread's last failure as a sentence without a final newline; ""
 * when nothing has failed yet, and in a child that was just forked. Borrowed: valid until the
 * thread's next failure. A successful call leaves it as it was. Async-signal-safe.
 */
BROOD_API const char *brood_error(void);

/*
 * How many processors this process can really use: the smallest of those
 * online, its affinity mask, and its cgroup's CPU quota rounded up (v2 cpu.max,
 * v1 cpu.cfs_quota_us). At least 1; never fails. Read afresh at each call.
 * From the specification: cpu_count().
 */
BROOD_API int brood_cpu_count(void);

/*
 * Sleeps for the given seconds; signals whose handlers return do not cut it
 * short, unless they call brood_interrupt(). Zero or less returns at once;
 * BROOD_FOREVER sleeps until the process ends. Returns 0, -EINVAL for NaN, or
 * -EINTR.
 */
BROOD_API int brood_sleep(double seconds);

/*
 * For signal handlers: the calling thread's wait inside this library (for a process,
 * for time to pass, ...) ends with -EINTR, as an exception that is raised in a
 * handler ends it in Python. Where the thread does not wait just then, its next wait that
 * would have to sleep ends so: a handler that runs between the program's last look and
 * the wait is not missed. Several calls that have not been answered count as one.
 * Without this call waits go on when a handler returns. Waits at the program's end, for
 * its children, are not interrupted. Async-signal-safe; leaves errno as it was.
 *
 *	static void on_signal(int signal) { stop = signal; brood_interrupt(); }
 */
BROOD_API void brood_interrupt(void);

/*
 * Ends the program unless expr succeeded: a pointer must not be NULL, a number
 * must not be negative. On failure prints "FILE:LINE: EXPR: SENTENCE" to
 * standard error and calls exit(1). Its value is that of expr, so it can stand
 * around a constructor. C only.
 */
#ifndef __cplusplus
/* clang-format off */
#define brood_must(expr)                                                                           \
	((__typeof__(expr))_Generic((expr),                                                        \
		int: brood_must_int,                                                               \
		long: brood_must_number,                                                           \
		long long: brood_must_number,                                                      \
		_Bool: brood_must_takes_a_pointer_or_a_signed_number,                              \
		unsigned: brood_must_takes_a_pointer_or_a_signed_number,                           \
		unsigned long: brood_must_takes_a_pointer_or_a_signed_number,                      \
		unsigned long long: brood_must_takes_a_pointer_or_a_signed_number,                 \
		default: brood_must_pointer)((expr), __FILE__, __LINE__, #expr))
/* clang-format on */
#endif

/* What brood_must() expands to; not called by name. */
BROOD_API int brood_must_int(int value, const char *file, int line, const char *expr);
BROOD_API long long brood_must_number(long long value, const char *file, int line,
				      const char *expr);
BROOD_API void *brood_must_pointer(const void *value, const char *file, int line, const char *expr);
#ifndef __cplusplus
/* No function: a call does not compile, and the compiler says its name. */
struct brood_must_takes_a_pointer_or_a_signed_number {
	char any;
};
int brood_must_takes_a_pointer_or_a_signed_number(
	struct brood_must_takes_a_pointer_or_a_signed_number value, const char *file, int line,
	const char *expr);
#endif

#ifdef __cplusplus
}
#endif

#endif
