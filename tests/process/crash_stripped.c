/* SPDX-License-Identifier: MIT */
/* A program built as others are, that prints how its processes crashed: by a plain fault, by a
 * call of nothing, and far above their first frames. */

#include <stdio.h>
#include <sys/resource.h>

#include "crashes.h"

static void plain(void)
{
	crash_write();
	__asm__ volatile("" ::: "memory");
}

static void call(void)
{
	crash_call();
	__asm__ volatile("" ::: "memory");
}

static void large(void)
{
	crash_large_frames();
	__asm__ volatile("" ::: "memory");
}

int main(void)
{
	void (*const functions[])(void) = {plain, call, large};
	brood_init();
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	for (int i = 0; i < 3; i++) {
		brood_process *p =
			brood_must(brood_start(.call = functions[i], .name = "stripped"));
		brood_must(brood_process_join(p));
		brood_report *report = brood_must(brood_process_report(p));
		brood_must(brood_report_print(report, stdout));
		brood_report_free(report);
	}
}
