/* SPDX-License-Identifier: MIT */
#ifndef TESTS_MATRIX_FAMILY_H
#define TESTS_MATRIX_FAMILY_H

/*
 * The program that is killed: a root that starts a child with a child of its own, and another from
 * a thread; joins them with a time limit, kills what does not end, and then shows that it is well:
 * it can start and join one more, and its heap is sound. Returns the exit code, 0.
 */
int family_main(void);

#endif
