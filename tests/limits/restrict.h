/* SPDX-License-Identifier: MIT */
#ifndef TESTS_LIMITS_RESTRICT_H
#define TESTS_LIMITS_RESTRICT_H

/* Takes from the calling process what the system may refuse. */

#include <stdbool.h>

/* For a filter's `number`: waitid(2), but only by a pidfd. */
#define RESTRICT_WAITID_BY_PIDFD (-2)

/* From now on the system call fails with err, here and in all children. False: no filters here. */
bool restrict_call(int number, int err);

/* Makes /proc an empty folder, for this process and its children. False: not allowed to. */
bool restrict_proc(void);

/* As root, becomes a user who has no other processes: to root, limits of them do not apply. False:
 * not root. */
bool restrict_user(void);

#endif
