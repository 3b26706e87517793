/* SPDX-License-Identifier: MIT */
#ifndef BASE_CGROUP_H
#define BASE_CGROUP_H

/* What the control group that this process is in allows; v2 and v1. Read afresh
 * at each call, without allocating. */

#include <stdint.h>

/* The CPU quota in processors (1.5: one and a half), the least of the group and
 * its ancestors; 0 when there is none. */
double cgroup_cpu_quota(void);

/* Bytes that may still be charged before the group, or an ancestor, is at its
 * memory limit; INT64_MAX when there is no limit. Cached file pages that the
 * kernel drops first count as free. */
int64_t cgroup_memory_left(void);

/* How many processes of the group the kernel has killed for want of memory, of the
 * system where the group does not tell; -1 when neither does. */
int64_t cgroup_oom_kills(void);

/* The same of a system whose /proc and cgroup mounts lie under the directory root. */
double cgroup_cpu_quota_under(const char *root);
int64_t cgroup_memory_left_under(const char *root);
int64_t cgroup_oom_kills_under(const char *root);

#endif
