/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_STDIO_H
#define PROCESS_STDIO_H

/* What stdio holds in memory, at the two moments when it matters. */

/* Before a fork: writes out what stdout and stderr hold, unless another thread is using them. */
void stdio_flush_standard(void);

/*
 * In the child: drops what other streams hold, which the parent will write, and
 * what stdin has read ahead; standard input becomes /dev/null.
 */
void stdio_drop_inherited(void);

/*
 * At the child's end: writes out what its streams hold, without SIGPIPE. Never waits for a thread
 * that uses one, but for another's fclose().
 */
void stdio_flush_all(void);

#endif
