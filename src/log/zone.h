/* SPDX-License-Identifier: MIT */
#ifndef LOG_ZONE_H
#define LOG_ZONE_H

/* Local time without the lock that glibc's localtime_r() takes. */

#include <stdint.h>
#include <time.h>

/* Reads the time zone's rules, if that has not been done; later calls of zone_local() only look
 * them up. Takes under a millisecond, the first time. */
void zone_prepare(void);

/* Breaks a time down in the local time zone. */
void zone_local(time_t when, struct tm *ret);

/* When the library was loaded, in nanoseconds of CLOCK_REALTIME. */
int64_t zone_loaded_at(void);

#endif
