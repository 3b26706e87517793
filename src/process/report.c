/* SPDX-License-Identifier: MIT */
/* A report is made of what the kernel said, what the parent saw, and what the process left. */

#include "process/report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "log/log.h"
#include "process/helper.h"
#include "process/method.h"
#include "process/report_record.h"
#include "process/unwind.h"

static double seconds(int64_t microseconds)
{
	return microseconds < 0 ? -1 : (double)microseconds / 1e6;
}

static void add_end(const brood_process *process, brood_report *to)
{
	const struct process_end *end = &process->end;
	to->start_method = process->method->name;
	to->pid = process->pid;
	to->exitcode = process->status_lost ? BROOD_NO_EXITCODE : process->exitcode;
	to->signal = !process->status_lost && process->exitcode < 0 ? -process->exitcode : 0;
	to->core_dumped = end->core_dumped;
	to->out_of_memory = end->out_of_memory;
	to->run_time = (double)(end->ended - end->started) / 1e9;
	to->user_time = seconds(end->user);
	to->system_time = seconds(end->system);
	to->peak_memory = end->peak_memory;
}

/* The stack is full when the fault is just below it. */
static bool overflows(const struct crash_record *crash)
{
	const uint64_t guard = 1 << 20, floor = crash->stack_floor;
	return crash->signal == SIGSEGV && crash->code > 0 && floor > guard &&
	       crash->sp < floor + 65536 && crash->address < floor + 4096 &&
	       crash->address >= (crash->sp < floor ? crash->sp : floor) - guard;
}

static int add_crash(const brood_process *process, struct report *report)
{
	brood_report *to = &report->public;
	struct crash_record *crash;
	int r = record_crash(process, &crash);
	/* One that was survived after all is no part of this end. */
	if (!crash || crash->signal != to->signal) {
		free(crash);
		return r;
	}
	report->crash = crash;
	to->recorded = true;
	to->signal_code = crash->code;
	to->address = crash->address;
	to->sender = crash->sender;
	to->sender_user = crash->sender_user;
	to->thread = crash->thread;
	to->thread_name = crash->thread_name;
	to->stack_overflow = overflows(crash);
	return 0;
}

static int add_error(const brood_process *process, struct report *report)
{
	const char *message = NULL;
	int r = record_error(process, &report->raised, &message, &report->lines);
	if (report->raised) {
		report->public.error_type = report->raised;
		report->public.error_message = message;
	}
	return r;
}

static int compare_lines(const void *a, const void *b)
{
	const last_words_line *const *x = a, *const *y = b;
	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

/* The copied ring's lines that are complete, in their order. */
static void order_words(struct report *report, const last_words_line **lines, size_t count)
{
	int filled = 0;
	for (size_t i = 0; i < count; i++) {
		last_words_line *line = &report->ring->lines[i];
		line->logger[sizeof(line->logger) - 1] = '\0';
		line->text[sizeof(line->text) - 1] = '\0';
		if (line->number)
			lines[filled++] = line;
	}
	qsort(lines, (size_t)filled, sizeof(*lines), compare_lines);
	for (int i = 0; i < filled; i++)
		report->words[i] = (brood_last_word){
			.level = lines[i]->level,
			.created = {.tv_sec = lines[i]->seconds, .tv_nsec = lines[i]->nanoseconds},
			.logger = lines[i]->logger,
			.message = lines[i]->text,
		};
	report->public.last_words = report->words;
	report->public.last_word_count = filled;
}

static int add_words(const brood_process *process, struct report *report)
{
	const last_words *ring = process->words.ring;
	size_t size = ring ? brood_alloc_size(ring) : 0;
	if (size < sizeof(*ring) + sizeof(ring->lines[0]))
		return 0;
	size_t count = (size - sizeof(*ring)) / sizeof(ring->lines[0]);
	if (count > process->words.lines)
		count = process->words.lines;
	const last_words_line **lines = calloc(count, sizeof(*lines));
	report->words = calloc(count, sizeof(*report->words));
	report->ring = malloc(size);
	if (lines && report->words && report->ring) {
		memcpy(report->ring, ring, size);
		order_words(report, lines, count);
	}
	free(lines);
	return report->public.last_words ? 0 : -ENOMEM;
}

/* By a signal that this process did not send itself, or before its target ran. */
static bool died_unexpectedly(const brood_process *process)
{
	if (process->status_lost)
		return false;
	if (process->exitcode < 0)
		return !(process->signals_sent >> (-process->exitcode - 1) & 1);
	return process->end.never_began;
}

static int fill(const brood_process *process, struct report *report)
{
	report->public.size = sizeof(report->public);
	report->public.name = report->name = strdup(brood_process_name(process));
	if (!report->name)
		return -ENOMEM;
	add_end(process, &report->public);
	report->leaves_record = process->leaves_record;
	report->never_began = process->end.never_began;
	report->unexpected = died_unexpectedly(process);
	int r = add_crash(process, report);
	if (r == 0)
		r = add_error(process, report);
	if (r == 0)
		r = add_words(process, report);
	report->public.reason = report->reason;
	report_explain(report);
	return r;
}

static int check(brood_process *process)
{
	int r = process_usable(process);
	if (r < 0)
		return r;
	if (!process_is_ours(process))
		return error_set(EINVAL, "only the process that made '%s' can report on it",
				 brood_process_name(process));
	if (process->state == PROCESS_INITIAL)
		return error_set(EINVAL, "'%s' has not been started: there is nothing to report",
				 brood_process_name(process));
	if (brood_process_is_alive(process) || process->state != PROCESS_ENDED)
		return error_set(EBUSY, "'%s' has not ended: join it, then ask for its report",
				 brood_process_name(process));
	return 0;
}

static brood_report *make(brood_process *process)
{
	struct report *report = calloc(1, sizeof(*report));
	if (!report || fill(process, report) < 0) {
		brood_report_free(report ? &report->public : NULL);
		return error_null(ENOMEM, "no memory for the report of '%s'",
				  brood_process_name(process));
	}
	return &report->public;
}

brood_report *brood_process_report(brood_process *process)
{
	int r = check(process);
	return r < 0 ? error_to_null(r) : make(process);
}

static void unwind(const void *crash, FILE *out)
{
	unwind_write(crash, out);
}

/* Without names, from here: what is read is this process's own copy. */
static char *unwind_here(const struct crash_record *crash)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	unwind_write_bare(crash, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void resolve(struct report *report)
{
	char *text = NULL;
	report->resolved = true;
	if (report->crash && !(text = helper_run(unwind, report->crash)))
		text = unwind_here(report->crash);
	if (!text && report->lines)
		text = strdup(report->lines);
	if (text && frames_read(text, &report->stack) < 0)
		error_record(ENOMEM, "no memory for the stack of '%s'", report->name);
}

const brood_frame *brood_report_stack(brood_report *report, int *ret_count)
{
	if (ret_count)
		*ret_count = 0;
	if (!report) {
		error_absent("the report");
		return NULL;
	}
	if (!report_of(report)->resolved)
		resolve(report_of(report));
	const frames *stack = &report_of(report)->stack;
	if (ret_count)
		*ret_count = stack->count;
	return stack->count ? stack->items : NULL;
}

void brood_report_free(brood_report *public)
{
	if (!public)
		return;
	struct report *report = report_of(public);
	frames_clear(&report->stack);
	free(report->name);
	free(report->crash);
	free(report->raised);
	free(report->words);
	free(report->ring);
	free(report);
}

bool report_is_wanted(const brood_process *process)
{
	return process->on_report || died_unexpectedly(process);
}

void report_tell(brood_process *process)
{
	bool log = died_unexpectedly(process) && log_wants(BROOD_LOG_WARNING);
	if (!process->on_report && !log)
		return;
	brood_report *report = make(process);
	if (log)
		log_warning("process %s (pid %d): %s", brood_process_name(process),
			    (int)process->pid, report ? report->reason : brood_error());
	if (report && process->on_report)
		process->on_report(report, process->report_data);
	brood_report_free(report);
}
