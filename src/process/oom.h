/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_OOM_H
#define PROCESS_OOM_H

#include <stdbool.h>

/* Before the first start: from now on the kernel's kills are counted. */
void oom_begin(void);

/* Whether it has killed for want of memory since, or since the last answer that it had; each kill
 * is told once. Reads files. */
bool oom_killed(void);

#endif
