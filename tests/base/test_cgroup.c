/* SPDX-License-Identifier: MIT */
/* What limits are read, from trees of files that look like systems. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cgroup.h"

static char root[] = "/tmp/brood-cgroup-XXXXXX";

static void put(const char *path, const char *text)
{
	char full[600];
	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root); (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *file = fopen(full, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_root(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_root(void **state)
{
	(void)state;
	char command[100];
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

static void v2_system(const char *group)
{
	char line[300];
	snprintf(line, sizeof(line), "0::%s\n", group);
	put("/proc/self/cgroup", line);
	put("/proc/self/mountinfo", "21 1 0:20 / /proc rw - proc proc rw\n"
				    "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 "
				    "cgroup2 rw,nsdelegate\n");
}

static double quota(void)
{
	return cgroup_cpu_quota_under(root);
}

static int64_t left(void)
{
	return cgroup_memory_left_under(root);
}

static void test_nothing(void **state)
{
	(void)state;
	assert_true(quota() == 0);
	assert_true(left() == INT64_MAX);
	v2_system("/a");
	assert_true(quota() == 0);
	assert_true(left() == INT64_MAX);
}

static void test_v2(void **state)
{
	(void)state;
	v2_system("/a/b");
	put("/sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
	assert_true(quota() == 1.5);
	put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	assert_true(quota() == 0);
	put("/sys/fs/cgroup/a/cpu.max", "50000 100000\n");
	assert_true(quota() == 0.5);
	put("/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n");
	assert_true(quota() == 0.5);
	put("/sys/fs/cgroup/a/cpu.max", "400000 100000\n");
	assert_true(quota() == 3);
}

static void test_v2_memory(void **state)
{
	(void)state;
	v2_system("/a/b");
	put("/sys/fs/cgroup/a/b/memory.max", "max\n");
	put("/sys/fs/cgroup/a/b/memory.current", "700\n");
	assert_true(left() == INT64_MAX);
	put("/sys/fs/cgroup/a/memory.max", "1000\n");
	put("/sys/fs/cgroup/a/memory.current", "900\n");
	assert_int_equal(left(), 100);
	put("/sys/fs/cgroup/a/memory.stat", "anon 300\nfile 500\ninactive_file 400\n");
	assert_int_equal(left(), 500);
	put("/sys/fs/cgroup/a/b/memory.max", "600\n");
	assert_int_equal(left(), 0);
}

/* The mount's root is the group itself, as in a container without a cgroup namespace. */
static void test_container(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "5:memory:/docker/ab\n3:cpuacct,cpu:/docker/ab/in\n0::/\n");
	put("/proc/self/mountinfo",
	    "31 1 0:28 /other /mnt/x rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "32 1 0:28 /docker/ab /my\\040groups/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
	    "33 1 0:29 /docker/ab /my\\040groups/mem rw master:1 - cgroup cgroup rw,memory\n");
	put("/my groups/cpu/in/cpu.cfs_quota_us", "-1\n");
	put("/my groups/cpu/in/cpu.cfs_period_us", "100000\n");
	assert_true(quota() == 0);
	put("/my groups/cpu/cpu.cfs_quota_us", "250000\n");
	put("/my groups/cpu/cpu.cfs_period_us", "100000\n");
	put("/mnt/x/cpu.cfs_quota_us", "100\n");
	put("/mnt/x/cpu.cfs_period_us", "100\n");
	assert_true(quota() == 2.5);
	put("/my groups/mem/memory.limit_in_bytes", "9223372036854771712\n");
	put("/my groups/mem/memory.usage_in_bytes", "5000\n");
	assert_true(left() == INT64_MAX);
	put("/my groups/mem/memory.limit_in_bytes", "8000\n");
	put("/my groups/mem/memory.stat", "inactive_file 1\ntotal_inactive_file 1000\n");
	assert_int_equal(left(), 4000);
}

/* A group that no mount shows: the mount's root is asked. */
static void test_hidden_group(void **state)
{
	(void)state;
	put("/proc/self/cgroup", "0::/elsewhere\n");
	put("/proc/self/mountinfo", "30 1 0:26 /here /cg rw - cgroup2 none rw\n");
	put("/cg/cpu.max", "200000 100000\n");
	put("/cg/elsewhere/cpu.max", "100000 100000\n");
	assert_true(quota() == 2);
}

static void test_garbage(void **state)
{
	(void)state;
	char longer[6000];
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	put("/proc/self/cgroup", "x\n:\n0:\n0::/a\n");
	char mounts[7000];
	snprintf(mounts, sizeof(mounts),
		 "\n - \na b c d - cgroup2\n30 1 0:1 / /%s rw - cgroup2 x rw\n30 1 0:1\n"
		 "30 1 0:26 / /cg rw - cgroup2 none rw\n",
		 longer);
	put("/proc/self/mountinfo", mounts);
	put("/cg/a/cpu.max", "nonsense");
	assert_true(quota() == 0);
	put("/cg/a/cpu.max", "1 0\n");
	assert_true(quota() == 0);
	put("/cg/a/cpu.max", "-5 100\n");
	assert_true(quota() == 0);
	put("/cg/cpu.max", "4 2\n");
	assert_true(quota() == 2);
	put("/cg/a/memory.max", "\n");
	put("/cg/a/memory.current", "12\n");
	assert_true(left() == INT64_MAX);
}

static void test_here(void **state)
{
	(void)state;
	assert_true(cgroup_cpu_quota() >= 0);
	assert_true(cgroup_memory_left() >= 0);
}

#define WITH_ROOT(test) cmocka_unit_test_setup_teardown(test, make_root, remove_root)

static void test_kills_for_want_of_memory(void **state)
{
	(void)state;
	assert_int_equal(cgroup_oom_kills_under(root), -1);
	put("/proc/vmstat", "nr_free_pages 7\noom_kill 3\n");
	assert_int_equal(cgroup_oom_kills_under(root), 3);
	v2_system("/here");
	assert_int_equal(cgroup_oom_kills_under(root), 3); /* the root group has no such file */
	put("/sys/fs/cgroup/here/memory.events", "low 0\nhigh 5\noom 2\noom_kill 1\n");
	assert_int_equal(cgroup_oom_kills_under(root), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_ROOT(test_nothing),
		WITH_ROOT(test_v2),
		WITH_ROOT(test_v2_memory),
		WITH_ROOT(test_container),
		WITH_ROOT(test_hidden_group),
		WITH_ROOT(test_garbage),
		WITH_ROOT(test_kills_for_want_of_memory),
		cmocka_unit_test(test_here),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
