/* SPDX-License-Identifier: MIT */
/*
 * A new process finds its feet. Every page that it writes is one that fork()
 * shared and the kernel now copies, so it writes to few.
 */

#include "process/child.h"

#include <stdlib.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/newborn.h"
#include "base/sys.h"
#include "base/utf8.h"
#include "log/log.h"
#include "process/crash.h"
#include "process/exit.h"
#include "process/given.h"
#include "process/orphan.h"
#include "process/raise.h"
#include "process/self.h"
#include "process/stdio.h"
#include "process/stuck.h"
#include "process/trace.h"

/* glibc's, from 2.32 on. */
extern char __libc_single_threaded __attribute__((weak));

TRACE_ENDS_HERE static void call_target(const struct birth *birth)
{
	if (birth->target)
		birth->target(birth->arg);
	else if (birth->call)
		birth->call();
	else if (birth->run)
		birth->run(birth->process);
	/* Keeps the calls above from being tail calls, which leave no return address. */
	__asm__ volatile("");
}

NEWBORN void child_comm(char comm[COMM_SIZE], const char *name)
{
	size_t length = 0; /* no page of libc */
	for (; length < COMM_SIZE - 1 && name[length]; length++)
		comm[length] = name[length];
	comm[name[length] ? utf8_whole(comm, length) : length] = '\0';
}

void child_prepare(brood_process *process, struct birth *ret)
{
	*ret = (struct birth){
		.process = process,
		.target = process->target,
		.call = process->call,
		.run = process->run,
		.arg = process->args.arg,
		.given = process->given,
		.death_signal = self_death_signal_for(process),
		.parent = self_pid(),
		.parent_name = process->parent_name,
		.leaves_record = process->leaves_record,
		.subreaper = process->subreaper,
		.threaded = &__libc_single_threaded && !__libc_single_threaded,
		.name = brood_process_name(process),
		.authkey = atomic_load(&process->authkey),
		.place = table_place_of(process->slot),
		.lineage = process->lineage,
	};
	sys_keeps_status(); /* asked here, so that the child finds the answer */
	crash_prepare();
	child_comm(ret->comm, ret->name);
}

/* What its parent does when it is told to end is not for the child to do: to run the parent's
 * clean-up, or to go on because a handler only notes the signal. An exec does the same. */
NEWBORN static void drop_handlers(void)
{
	static const int ending[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	const struct kernel_sigaction by_default = {0};
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct kernel_sigaction now = {0};
		raw_syscall(SYS_rt_sigaction, ending[i], 0, (long)&now, sizeof(now.mask));
		if (now.handler != (uintptr_t)SIG_DFL && now.handler != (uintptr_t)SIG_IGN)
			raw_syscall(SYS_rt_sigaction, ending[i], (long)&by_default, 0,
				    sizeof(now.mask));
	}
}

NEWBORN void child_settle(const struct birth *birth)
{
	self_become(birth);
	lineage_enter(birth->lineage);
	if (birth->death_signal)
		orphan_die_with(birth->parent, birth->death_signal);
	if (birth->subreaper)
		sys_adopt_orphans();
	crash_begin(birth->leaves_record);
}

NEWBORN static void unblock(const struct birth *birth, const sigmask *mask)
{
	sigmask own = *mask;
	if (birth->death_signal)
		own.before &= ~orphan_signals();
	sigmask_restore(&own);
}

static void run(const struct birth *birth) BROOD_NORETURN;
TRACE_ENDS_HERE static void run(const struct birth *birth)
{
	log_info("child process calling self.run()");
	call_target(birth);
	exit(EXIT_SUCCESS);
}

/* Another thread of the parent may have had the lock of glibc's list when this was forked. */
NEWBORN static void register_at_exit(const struct birth *birth)
{
	struct stuck stuck;
	if (birth->threaded)
		stuck_begin(&stuck);
	exit_register_child();
	if (birth->threaded)
		stuck_end(&stuck);
}

/* With cancellation off, as brood_process_start() has it: one that was meant for the thread that
 * this one is a copy of would end it. */
NEWBORN void child_main(const struct birth *birth, const sigmask *mask)
{
	/* What it has been given must be seen to be its own before its parent can die. */
	table_move(birth->place, birth->arg != NULL);
	given_keep(birth->given);
	stdio_drop_inherited();
	drop_handlers();
	interrupt_take(); /* meant for the thread that this one is a copy of */
	register_at_exit(birth);
	child_settle(birth);
	sys_set_comm(birth->comm);
	unblock(birth, mask);
	run(birth);
}

NEWBORN void child_run(const struct birth *birth, const sigmask *mask, const char *failure)
{
	sys_set_comm(birth->comm);
	if (mask)
		unblock(birth, mask);
	if (failure)
		raise_import_error(failure);
	run(birth);
}
