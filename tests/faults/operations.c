/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "left.h"

static const char unset[] = "this is no sentence of the library";

static fault_state *state(void)
{
	return fault_share();
}

bool faulted(void)
{
	return state()->fired;
}

static const char *ordinal(unsigned n)
{
	static const char *const endings[] = {"th", "st", "nd", "rd"};
	return n % 10 < 4 && n / 10 % 10 != 1 ? endings[n % 10] : "th";
}

bool expect_that(bool condition, const char *text, const char *file, int line)
{
	const fault_state *s = state();
	if (condition)
		return true;
	complain("%s:%d: %s: not %s", file, line, s->operation, text);
	if (s->call[0])
		complain(", when %s call in the %s process, %s(), failed with %s%s",
			 s->plan.what == FAULT_ON ? "and after the" : "the",
			 s->plan.where == FAULT_HERE ? "calling" : "started", s->call,
			 strerrorname_np(s->err), "");
	complain(" (the %u%s); the sentence is: %s\n", s->plan.at, ordinal(s->plan.at),
		 brood_error());
	complain_what_was_said();
	return false;
}

void try_begin(const char *text)
{
	fault_note(text);
	error_record(0, "%s", unset);
	if (state()->plan.where == FAULT_HERE && state()->plan.at > 0)
		fault_resume();
}

void try_end(void)
{
	if (state()->plan.where == FAULT_HERE)
		fault_disarm();
}

static void expect_sentence(int err)
{
	const char *sentence = brood_error();
	expect(err > 0 && err < 4096);
	expect(strcmp(sentence, unset) != 0);
	expect(strlen(sentence) > 10 && !strchr(sentence, '\n'));
	expect(!strstr(sentence, "(null)") && !strstr(sentence, "Success"));
}

long long try_end_number(long long value)
{
	int err = errno;
	try_end();
	if (value < 0)
		expect_sentence((int)-value);
	errno = err;
	return value;
}

void *try_end_pointer(const void *value)
{
	int err = errno;
	try_end();
	if (!value)
		expect_sentence(err);
	errno = err;
	return (void *)(size_t)value;
}

void expect_end(brood_process *process, int code)
{
	if (expect(brood_process_join_timed(process, 20) == 0)) {
		int found = brood_process_exitcode(process);
		bool hit = faulted() && state()->plan.where == FAULT_ELSEWHERE;
		if (!(hit && found > 0))
			expect(found == code);
	} else {
		brood_process_kill(process);
		brood_process_join(process);
	}
	brood_process_free(process);
}
