/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_GIVEN_H
#define PROCESS_GIVEN_H

/*
 * The connections among a process's arguments: of all that its creator holds, it holds these
 * when it begins, and no others. A block of the heap; NULL when there are none.
 */

#include <stddef.h>

#include "brood/type.h"

struct given {
	size_t count;
	void *ports[];
};

/* Those in a value that has been pickled. 0 or -ENOMEM, with its sentence. */
int given_collect(const brood_value *args, struct given **ret);

/* In a forked process: closes all that its parent held but these. */
void given_keep(const struct given *given);

/* For a process that inherits one descriptor: *ret_fd holds these, for its port_unpack(), or is -1
 * when there are none. 0, or a negative errno with its sentence. */
int given_pack(const struct given *given, int *ret_fd);

#endif
