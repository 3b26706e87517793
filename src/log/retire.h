/* SPDX-License-Identifier: MIT */
#ifndef LOG_RETIRE_H
#define LOG_RETIRE_H

/* Freeing what other threads may still be reading, without locks. */

#include <stddef.h>

/* The first member of what is read under reading_begin() and freed by retire(). */
typedef struct retired {
	struct retired *next;
	void (*destroy)(struct retired *item);
} retired;

/* Between these two nothing is destroyed that was reachable. They nest. */
void reading_begin(void);
void reading_end(void);

/* Destroys an item, no longer reachable, once nobody can be reading it any more. */
void retire(retired *item, void (*destroy)(retired *item));

#endif
