/* SPDX-License-Identifier: MIT */
/*
 * Order, in a child: the at-exit functions that it registered itself (exit() runs
 * them, as ours was registered first), finalizers of priority 0 and more, its
 * daemons terminated, its children joined, the remaining finalizers, the same for
 * children that these have started, the traceback of what it raised, stdio's buffers, the
 * published exit code, _exit.
 *
 * thread_local destructors run before all that, those of the parent's objects
 * too: exit() runs them before any handler.
 *
 * Each handler looks whether it runs in the process that registered it: a child that
 * the program forked by itself inherits them, and must not join anybody.
 */

#include "process/exit.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/sys.h"
#include "log/log.h"
#include "process/children.h"
#include "process/finalizer.h"
#include "process/nursery.h"
#include "process/self.h"
#include "process/stdio.h"

/* LeakSanitizer and gcov report at exit(), which _exit() goes round. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));
extern void __gcov_dump(void) __attribute__((weak));

NEWBORN_DATA static char *_Atomic traceback;

/* How far the end has come. A finalizer or another thread may call exit() meanwhile: glibc then
 * goes on behind the handler that is running, and the next of ours takes up where that one was. */
enum { RUNNING, ENDING, ENDING_LAST, TOLD };
NEWBORN_DATA static _Atomic int stage;

NEWBORN_DATA static _Atomic pid_t ender;      /* the thread that is ending the process */
NEWBORN_DATA static _Atomic bool failed_late; /* another one raised an error meanwhile */

static char *join_texts(char *first, char *second)
{
	char *both;
	if (!first || asprintf(&both, "%s%s", first, second) < 0)
		both = first ? first : second;
	if (both != first)
		free(first);
	if (both != second)
		free(second);
	return both;
}

/* Threads may raise at the same time: each takes what is there, and puts it back with its own. */
void exit_set_traceback(char *text)
{
	char *none;
	do {
		text = join_texts(atomic_exchange(&traceback, NULL), text);
		none = NULL;
	} while (!atomic_compare_exchange_strong(&traceback, &none, text));
}

bool brood_is_exiting(void)
{
	return stage != RUNNING;
}

/* Its finalizers may; other threads could for ever go on with it, and nobody would end. */
bool exit_refuses_start(void)
{
	return stage != RUNNING && ender != sys_gettid();
}

void exit_begin_anew(void)
{
	stage = RUNNING;
}

/* Whether this stage is entered now, by this call. */
NEWBORN static bool enter(int next)
{
	int before = next - 1;
	return atomic_compare_exchange_strong(&stage, &before, next);
}

NEWBORN static void end_children(void)
{
	children_terminate_daemons();
	children_join_all();
}

NEWBORN static void shut_down(void)
{
	if (enter(ENDING)) {
		ender = sys_gettid();
		log_info("process shutting down");
		log_debug("running all \"atexit\" finalizers with priority >= 0");
	}
	finalizers_run(0);
	end_children();
	if (enter(ENDING_LAST))
		log_debug("running the remaining \"atexit\" finalizers");
	finalizers_run(INT_MIN);
	end_children(); /* that these have started */
	if (nursery_used)
		nursery_end();
}

/* What atexit() and quick_exit() run last in the program itself, and quick_exit() in a child: it
 * promises to flush nothing, and does not tell its status. */
NEWBORN static void end_any(void)
{
	if (!self_is_stranger())
		shut_down();
}

void exit_register_main(void)
{
	/* Twice: if a finalizer calls exit(), the second takes over. */
	atexit(end_any);
	atexit(end_any);
	(void)at_quick_exit(end_any);
}

/* Not in the child of a process with threads: what only their stacks referred to passes for leaked
 * in the child, where they are gone. */
NEWBORN static void report_to_sanitizers(void)
{
	if (__lsan_do_recoverable_leak_check && !self_born_of_threads())
		__lsan_do_recoverable_leak_check();
	if (__gcov_dump)
		__gcov_dump();
}

/* The process's last words; true once. */
NEWBORN static bool tell(int status)
{
	if (!enter(TOLD))
		return false;
	if (traceback)
		sys_write_all(STDERR_FILENO, traceback, strlen(traceback));
	log_info("process exiting with exitcode %d", status);
	if (!sys_keeps_status() || sys_children_are_ignored())
		table_publish(status);
	return true;
}

static void wait_for_the_end(void) BROOD_NORETURN;
static void wait_for_the_end(void)
{
	for (;;)
		pause();
}

NEWBORN static void end_child(int status, void *unused)
{
	(void)unused;
	if (self_is_stranger())
		return;
	shut_down();
	bool fails_late = failed_late && status == 0;
	status = fails_late ? EXIT_FAILURE : status & 0xff;
	bool told = tell(status);
	if (self_was_executed()) {
		stdio_flush_all(); /* exit() would, too, but by SIGPIPE if nobody reads */
		if (fails_late)
			exit(status); /* goes on behind this handler, with another status */
		return;		      /* all that exit() goes on with is its own */
	}
	if (!told)
		wait_for_the_end();
	stdio_flush_all();
	report_to_sanitizers();
	_exit(status);
}

NEWBORN void exit_register_child(void)
{
	stage = RUNNING;
	if (traceback) /* its parent raised, and starts processes on its way out */
		free(atomic_exchange(&traceback, NULL));
	/* Twice: if a finalizer calls exit(), the second takes over, in front of what was
	 * inherited. */
	on_exit(end_child, NULL);
	on_exit(end_child, NULL);
}

void exit_fail_if_ending(void)
{
	if (stage == RUNNING)
		return;
	if (ender == sys_gettid())
		_exit(EXIT_FAILURE);
	failed_late = true;
	wait_for_the_end();
}
