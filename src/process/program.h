/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_PROGRAM_H
#define PROCESS_PROGRAM_H

/* The program that this process runs, as it can be run anew. */

/* A descriptor of its file, which stays good when the file is replaced or deleted; -1 without,
 * also when the program has closed it. */
int program_descriptor(void);

/* What main() was called with. */
char **program_arguments(void);

/*
 * Whether it can be run anew by this start method: 0, or -EINVAL with a sentence that says
 * where brood_init() is to be called.
 */
int program_check(const char *method);

#endif
