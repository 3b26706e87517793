/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIGNAME_H
#define BASE_SIGNAME_H

/* "SIGTERM" for 15; NULL for a signal without a name (SIGRTMIN and SIGRTMAX have one). */
const char *signame(int signal);

#endif
