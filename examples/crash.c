/* SPDX-License-Identifier: MIT */
/*
 * A crash in a process is a report in its parent: what happened, where, and what the
 * process wrote to its log before, which is shown nowhere else.
 */

#include <stdio.h>
#include <string.h>

#include "brood/brood.h"

typedef struct {
	const char *name;
	int score;
} player;

static const player *find(const char *name)
{
	static const player players[] = {{"Ada", 7}, {"Grace", 9}};
	for (int i = 0; i < 2; i++)
		if (strcmp(players[i].name, name) == 0)
			return &players[i];
	return NULL;
}

static int score(const char *name)
{
	return find(name)->score;
}

static void worker(void *name)
{
	brood_log_debug("looking for %s", (char *)name);
	printf("%d\n", score(name));
}

static void tell(brood_report *report, void *data)
{
	(void)data;
	int count;
	const brood_frame *stack = brood_report_stack(report, &count);
	printf("%s ended: %s\n", report->name, report->reason);
	for (int i = 0; i < count; i++)
		printf("  %s, line %d\n", stack[i].function, stack[i].line);
	for (int i = 0; i < report->last_word_count; i++)
		printf("its last words: %s\n", report->last_words[i].message);
	fflush(stdout);
	brood_report_print(report, stderr);
}

int main(void)
{
	brood_init();
	brood_process *p = brood_start(.target = worker, .args = BROOD_VALUE("nobody"),
				       .name = "reader", .on_report = tell);
	brood_process_join(p);
	printf("exitcode %d: %s\n", brood_process_exitcode(p),
	       brood_exitcode_text(brood_process_exitcode(p)));
}
