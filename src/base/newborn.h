/* SPDX-License-Identifier: MIT */
#ifndef BASE_NEWBORN_H
#define BASE_NEWBORN_H

/*
 * What a new process runs in its first moments and its last lies together in the library: where it
 * first touches a file's code the kernel maps the 64 KiB around, and unmaps them at its end, which
 * together cost a twentieth of a fork(). Such a function calls few that are not so marked, and of
 * the C library hardly any (base/raw.h).
 */
#define NEWBORN __attribute__((section("brood_newborn")))

/* What it writes to lies together, on one page as a rule: after a fork() each is copied, for the
 * child and once more for the parent when that writes there. */
#define NEWBORN_DATA __attribute__((section("brood_newborn_data")))

#endif
