/* SPDX-License-Identifier: MIT */
#ifndef TESTS_QUEUE_MODEL_POINTS_H
#define TESTS_QUEUE_MODEL_POINTS_H

/* What the model (test_model.c) does in place of the kernel, the clock and the heap's verdicts. */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

void model_point(void);
void model_point_at(const volatile void *word);

bool model_dead(uint32_t owner);
int model_wait(const _Atomic uint32_t *word, uint32_t expected, uint32_t peer, int64_t when);
int model_wake(_Atomic uint32_t *word, int count);
int64_t model_now(void);
int model_cpu_count(void);

#endif
