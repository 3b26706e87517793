/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_REPLAY_H
#define TESTS_FUZZ_REPLAY_H

/* What a fuzz target gives the program that runs it over a corpus. */

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Calls action for each seed, with its path in the directory; returns the sum of what it returned.
 */
typedef int seed_action(const char *path, const uint8_t *data, size_t size);
int fuzz_seeds(const char *directory, seed_action *action);

#endif
