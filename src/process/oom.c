/* SPDX-License-Identifier: MIT */

#include "process/oom.h"

#include <stdatomic.h>

#include "base/cgroup.h"
#include "base/newborn.h"

enum { UNKNOWN = -1, NOT_ASKED = -2 };

/* How many of the kills are accounted for. */
NEWBORN_DATA static _Atomic int64_t seen = NOT_ASKED;

void oom_begin(void)
{
	if (seen == NOT_ASKED)
		seen = cgroup_oom_kills();
}

bool oom_killed(void)
{
	int64_t now = cgroup_oom_kills(), before = seen;
	while (before > UNKNOWN && now > before)
		if (atomic_compare_exchange_weak(&seen, &before, before + 1))
			return true;
	return false;
}
