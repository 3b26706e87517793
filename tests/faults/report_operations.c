/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void crash(void)
{
	raise(SIGABRT);
}

static void reports(void)
{
	brood_process *p = brood_start(.call = crash, .name = "p");
	expect(p && brood_process_join(p) == 0);
	brood_report *report = TRY_NEW(brood_process_report(p));
	if (!report)
		expect((report = brood_process_report(p)));
	int count = -1;
	TRY_ANY(brood_report_stack(report, &count));
	expect(count >= 0);
	FILE *nowhere = fopen("/dev/null", "w");
	TRY(brood_report_print(report, nowhere));
	fclose(nowhere);
	TRY_VOID(brood_report_to_stderr(report, NULL));
	TRY_VOID(brood_report_free(report));
	brood_process_free(p);
}

static void words(void)
{
	char text[BROOD_EXITCODE_SIZE];
	expect(strstr(TRY_ANY(brood_exitcode_text_into(-SIGKILL, text, sizeof(text))), "SIGKILL"));
	TRY(brood_thread_setup());
	expect(TRY(brood_log_set_last_words(10)) >= 0 || errno);
}

static void sleep_long(void)
{
	brood_sleep(60);
}

static void trees(void)
{
	brood_process *p = brood_start(.call = sleep_long), *q = brood_start(.call = sleep_long);
	if (TRY(brood_process_terminate_tree(p)) < 0)
		expect(brood_process_terminate_tree(p) >= 0);
	if (TRY(brood_process_kill_tree(q)) < 0)
		expect(brood_process_kill_tree(q) >= 0);
	expect_end(p, -SIGTERM);
	expect_end(q, -SIGKILL);
}

static const operation table[] = {
	{.name = "report", .run = reports, .speaks = true, .keeps = true},
	{.name = "report words", .run = words, .keeps = true},
	{.name = "process trees", .run = trees, .most = 6},
};
const operations report_operations = OPERATIONS(table);
