/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_RAISE_H
#define PROCESS_RAISE_H

#include "brood/base.h"

/* As brood_raise(), for a process that cannot get at its target. The calls would be the library's
 * own, and are left out. */
void raise_import_error(const char *message) BROOD_NORETURN;

#endif
