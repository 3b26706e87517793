/* SPDX-License-Identifier: MIT */

#include <sched.h>
#include <unistd.h>

#include "base/cgroup.h"
#include "brood/base.h"

/* How many processors the calling thread may run on; 0 when it cannot be told. */
static int allowed(void)
{
	/* One cpu_set_t ends at 1,024 processors, and a mask too small is refused; no kernel has
	 * more than 8,192. */
	cpu_set_t mask[8];
	if (sched_getaffinity(0, sizeof(mask), mask) < 0)
		return 0;
	return CPU_COUNT_S(sizeof(mask), mask);
}

static int rounded_up(double quota)
{
	int whole = (int)quota;
	return whole + (quota > whole);
}

int brood_cpu_count(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	int mask = allowed();
	double quota = cgroup_cpu_quota();
	if (mask > 0 && mask < count)
		count = mask;
	if (quota > 0 && quota < (double)count)
		count = rounded_up(quota);
	return count > 0 ? (int)count : 1;
}
