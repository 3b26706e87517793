/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_WARM_H
#define PROCESS_WARM_H

/* A warm child: a process that waits to be told which one it is to be. */

#include <sys/types.h>

#include "brood/base.h"

/* The signals that the fork server and its warm children ignore. */
extern const int warm_ignored[];
extern const int warm_ignored_count;

void warm_main(pid_t parent, int channel) BROOD_NORETURN;

#endif
