/* SPDX-License-Identifier: MIT */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/*
 * Every failure that a caller sees goes through one of these, so that
 * brood_error() always has its sentence. A sentence names the thing, says what
 * is wrong with it and what to do, has no final period and no newline.
 *
 *	return error_set(EINVAL, "timeout is not a number");
 *	return error_null(ENOMEM, "no memory for process '%s'", name);
 */

#include <errno.h>

#include "brood/base.h"

/* Records the sentence, sets errno to err, and is -err: a macro, so that compilers and analyzers
 * see that what fails so is negative. */
#define error_set(err, ...) (error_record((err), __VA_ARGS__), error_negative(err))
void error_record(int err, const char *format, ...) BROOD_PRINTF(2, 3);
static inline int error_negative(int err)
{
	return -err;
}

/* The same for a constructor: returns NULL, and remembers the sentence for error_absent(). */
void *error_null(int err, const char *format, ...) BROOD_PRINTF(2, 3);

/* Makes the failure just recorded that of a constructor: keeps the sentence for error_absent(). */
void *error_to_null(int negative_errno);

/*
 * The caller passed NULL where it needs a `what` that a constructor makes. Returns -EINVAL; the
 * sentence is that of the constructor's failure which made the NULL, if there was one.
 */
#define error_absent(what) (error_record_absent(what), error_negative(EINVAL))
void error_record_absent(const char *what);

#endif
