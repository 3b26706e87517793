/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_LOAD_H
#define TESTS_FAULTS_LOAD_H

/* What this test program does when it is run as --load: it uses a little of everything, and says
 * what went wrong otherwise than by an error with a sentence. Returns the exit code. */
int load_and_use(void);

#endif
