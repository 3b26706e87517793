/* SPDX-License-Identifier: MIT */
#ifndef TESTS_PROCESS_CRASHES_H
#define TESTS_PROCESS_CRASHES_H

/* Functions that crash, each in its own way; in a file of their own, which is also built as others
 * build theirs: without debug information, frame pointers and symbols. */

#include "brood/brood.h"

void crash_write(void);
void crash_call(void);
void crash_stack(void);
void crash_abort(void);
void crash_assert(void);
void crash_free_twice(void);
void crash_malloc(void);
void crash_divide(void);
void crash_misaligned(void); /* on x86-64 */
void crash_bus(void);
void crash_without_descriptors(void);
void crash_illegal(void);
void crash_thread(void);
void crash_thread_stack(void);
void crash_plugin(void);
void crash_callback(void);
void crash_handler_of_signal(void);
void crash_on_another_stack(void);
void crash_large_frame(void);
void crash_large_frames(void);
void crash_in_library(void);
void crash_sent(void);

#endif
