/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PIPE_SUPPORT_H
#define TESTS_PIPE_SUPPORT_H

/* What the tests of a pipe within one process share. */

#include "harness.h"

#include <errno.h>
#include <string.h>

#define assert_errno(e) assert_int_equal(errno, (e))

static inline brood_pipe two_way(void)
{
	brood_pipe p = brood_pipe_new();
	assert_non_null(p.first);
	assert_non_null(p.second);
	return p;
}

static inline void free_both(brood_pipe p)
{
	assert_int_equal(brood_connection_free(p.first), 0);
	assert_int_equal(brood_connection_free(p.second), 0);
}

#endif
