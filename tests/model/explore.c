/* SPDX-License-Identifier: MIT */

/* The search: depth first, one step of one process at a time, and none from a state twice. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "world.h"

enum {
	MAX_DEPTH = 4096,
	PATIENCE = 4,	  /* rounds of timeouts that may be needed until all have ended */
	MAX_TIMEOUTS = 3, /* of a process; more would be endless where each counts something */
};

/* One alternative that was taken, for the trail. */
struct step {
	char what; /* 'r'un, 'k'ill, 't'imeout */
	int process;
	const char *function;
	int line;
};
static struct step trail[MAX_DEPTH];
static int depth;
static model_result result;

static void print_trail(const char *failure)
{
	printf("%s: %s\n", explored->name, failure);
	for (int i = 0; i < depth; i++) {
		struct step *s = &trail[i];
		bool goes_on = s->what == 'r' && i + 1 < depth && trail[i + 1].what == 'r' &&
			       trail[i + 1].process == s->process;
		if (goes_on)
			continue;
		const char *what = s->what == 'k'   ? "is killed at"
				   : s->what == 't' ? "runs out of time in"
						    : "has gone on from";
		printf("  %3d: %d %s %s:%d\n", i, s->process, what,
		       s->function ? s->function : "its start", s->line);
	}
	fflush(stdout);
	result.failed = true;
}

void model_check(bool condition, const char *text, const char *function, int line)
{
	char failure[200];
	if (condition || result.failed)
		return;
	snprintf(failure, sizeof(failure), "%s:%d in process %d: not %s", function, line, running,
		 text);
	print_trail(failure);
}

static void search(void);

static void take_step(const state *from, char what, int process)
{
	if (depth == MAX_DEPTH) {
		print_trail("does not end");
		return;
	}
	const struct process *p = &now.process[process];
	trail[depth++] = (struct step){what, process, p->function, p->line};
	if (what == 'k') {
		process_kill(process);
	} else {
		if (what == 't')
			process_wake(process, -ETIMEDOUT);
		process_go_on(process);
	}
	if (!result.failed && state_is_new())
		search();
	depth--;
	state_restore(from);
}

static void take_choices(const state *from)
{
	int process = now.forced;
	for (int i = 0; i < now.process[process].choices && !result.failed; i++) {
		now.process[process].result = i;
		now.forced = -1;
		take_step(from, 'r', process);
	}
}

static bool can_time_out(const struct process *p)
{
	return p->status == ASLEEP && p->can_time_out;
}

static int take_timeouts(const state *from, bool early)
{
	int possible = 0;
	for (int i = 0; i < explored->processes && !result.failed; i++) {
		struct process *p = &now.process[i];
		if (!can_time_out(p))
			continue;
		possible++;
		if (!early && p->timeouts == MAX_TIMEOUTS)
			continue;
		now.early += early;
		p->timeouts += !early;
		take_step(from, 't', i);
	}
	return possible;
}

static bool all_ended(void)
{
	for (int i = 0; i < explored->processes; i++)
		if (!process_has_ended(&now.process[i]))
			return false;
	return true;
}

static bool may_sleep(void)
{
	return explored->may_sleep && explored->may_sleep();
}

/* Lets all go on, one after another, as far as they can. */
static void run_all(void)
{
	for (int steps = 0; steps < MAX_DEPTH; steps++) {
		bool ran = false;
		for (int i = 0; i < explored->processes; i++) {
			if (now.forced >= 0) {
				i = now.forced;
				now.process[i].status = READY;
				now.forced = -1;
			}
			if (!process_can_run(&now.process[i]))
				continue;
			process_go_on(i);
			ran = true;
		}
		if (!ran)
			return;
	}
}

/* Whether the ends of timeouts lead on, so that all end. */
static bool timeouts_help(const state *from)
{
	for (int round = 0; round < PATIENCE && !all_ended(); round++) {
		for (int i = 0; i < explored->processes; i++)
			if (can_time_out(&now.process[i]))
				process_wake(i, -ETIMEDOUT);
		run_all();
	}
	bool helped = all_ended() || may_sleep();
	state_restore(from);
	return helped;
}

/* Nobody can go on by himself. */
static void stall(const state *here)
{
	if (take_timeouts(here, false) == 0) {
		if (!all_ended() && !may_sleep())
			print_trail("nobody can go on");
		result.ends++;
		if (!result.failed && explored->check)
			explored->check();
		return;
	}
	result.stalls++;
	if (result.failed)
		return;
	if (now.kills == 0 && !explored->lost_wakes_are_allowed)
		print_trail("nobody was killed, and only the end of a timeout helps");
	else if (!timeouts_help(here))
		print_trail("timeouts end in vain");
}

static void take_kills(const state *here)
{
	for (int i = 0; i < explored->processes && !result.failed; i++)
		if (!process_has_ended(&now.process[i]) && !(explored->immortal >> i & 1))
			take_step(here, 'k', i);
}

static void search_from(const state *here)
{
	bool can_go_on = false;
	if (now.forced >= 0) {
		take_choices(here);
		return;
	}
	for (int i = 0; i < explored->processes && !result.failed; i++) {
		if (!process_can_run(&now.process[i]))
			continue;
		can_go_on = true;
		take_step(here, 'r', i);
	}
	if (now.kills < explored->kills)
		take_kills(here);
	if (result.failed)
		return;
	if (!can_go_on)
		stall(here);
	else if (now.early < explored->early_timeouts)
		take_timeouts(here, true);
}

static void search(void)
{
	state *here = state_save();
	result.states++;
	search_from(here);
	free(here);
}

model_result model_explore(const model *m)
{
	explored = m;
	depth = 0;
	result = (model_result){0};
	state_begin();
	now.forced = -1;
	heap_begin();
	m->setup();
	for (int i = 0; i < m->processes; i++)
		process_make(i);
	search();
	printf("%s, %d killed, %d early timeouts: %zu states, %zu ends, %zu stalls\n", m->name,
	       m->kills, m->early_timeouts, result.states, result.ends, result.stalls);
	return result;
}
