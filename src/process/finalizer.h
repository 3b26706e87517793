/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_FINALIZER_H
#define PROCESS_FINALIZER_H

#include <stdbool.h>

/* In a new process: it has none (those it inherited never run), and nobody holds their lock. */
void finalizers_forget(void);

/* Runs those of at least this priority, also those that they add, each once. */
void finalizers_run(int priority);

/*
 * Called by brood_raise(): when it was raised inside a finalizer that finalizers_run()
 * called in this thread, goes back there, so that the others still run; else returns.
 */
void finalizers_rescue(void);

#endif
