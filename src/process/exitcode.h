/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_EXITCODE_H
#define PROCESS_EXITCODE_H

#include <stddef.h>

/* "3", "SIGTERM", "-35" for a signal without a name, "unknown"; as snprintf(). */
int exitcode_word(int exitcode, char *buffer, size_t size);

#endif
