/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_REPORT_H
#define PROCESS_REPORT_H

/* The report as the files about it share it. */

#include "brood/report.h"
#include "process/crash_record.h"
#include "process/frames.h"
#include "process/object.h"

enum { REPORT_REASON = 512 };

/* The public one with what its strings are in; brood_report_free() frees all of it. */
struct report {
	brood_report public;
	char *name;
	char reason[REPORT_REASON];
	struct crash_record *crash; /* NULL: no crash was recorded */
	char *raised;		    /* NULL: no error was raised */
	const char *lines;	    /* its stack as text, or NULL */
	bool unexpected;	    /* this process did not send the signal, or it never began */
	bool never_began;
	bool leaves_record; /* it was to leave a record of a crash */
	bool resolved;	    /* the stack is there, if there can be one */
	frames stack;
	brood_last_word *words;
	struct last_words *ring; /* a copy */
};

static inline struct report *report_of(brood_report *public)
{
	return (struct report *)public;
}

/* Fills in what happened, in words, from all else that is known. */
void report_explain(struct report *report);

/* Whether anybody is to be told of the end of a process. */
bool report_is_wanted(const brood_process *process);

/* Tells them: the process's callback, and the log. */
void report_tell(brood_process *process);

#endif
