/* SPDX-License-Identifier: MIT */
/*
 * A warm child does beforehand what can be done beforehand: above all it touches the pages that it
 * will need, each of which costs a fault. One of data becomes its own. With one of text the kernel
 * maps all around it, 64 KiB, and unmaps them when the process ends, which costs twice as much as
 * the fault: so a child goes to few places. What it runs of the library lies together
 * (base/newborn.h), and it does without functions of the C library where a system call or a loop
 * will do.
 *
 * While the parent looks whether all is as it was the child settles, as far as nobody can see that
 * it is not yet sure to become the process.
 *
 * Between the order and the word to go all signals are blocked but the one by which it dies with
 * its parent: one that is sent to the process as soon as its start has returned is neither
 * ignored, as the terminal's are while it waits, nor ends it before it can be asked to.
 */

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/message.h"
#include "base/newborn.h"
#include "base/pidref.h"
#include "base/raw.h"
#include "base/reference.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "process/child.h"
#include "process/crash.h"
#include "process/exit.h"
#include "process/orphan.h"
#include "process/self.h"
#include "process/server.h"
#include "process/trace.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* from Linux 5.14 on; else refused */
#endif

const int warm_ignored[WARM_IGNORED] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU};

enum {
	SPINS = 2000,	   /* some 30 us: about as long as the parent needs for its next step */
	STACK_USED = 8192, /* by a start */
	PAGE = 4096,
};

/* --- beforehand --- */

__attribute__((no_sanitize("address", "undefined", "thread"))) static void read_page(const void *at)
{
	(void)*(const volatile char *)at;
}

/* As well as to read it, but for what may be no memory any more, or not for reading. */
NEWBORN static void map_page(uintptr_t at)
{
	raw_syscall(SYS_madvise, (long)(at & ~(uintptr_t)(PAGE - 1)), PAGE, MADV_POPULATE_READ, 0);
}

NEWBORN __attribute__((no_sanitize("address", "undefined", "thread"), noinline)) static void
touch_stack(void)
{
	volatile char room[STACK_USED];
	for (size_t i = 0; i < sizeof(room); i += PAGE)
		room[i] = 0;
}

void warm_prepare(void)
{
	reference_note_modules();
	lineage_adopt();
	crash_prepare();
	sys_keeps_status();
	pidref_self();
}

NEWBORN static void warm_up(const struct server_birth *birth)
{
	uint64_t targets, end;
	trace_targets(&targets, &end);
	read_page((void *)(uintptr_t)targets);
	read_page((void *)(uintptr_t)exit);
	for (int i = 0; i < SERVER_NEEDED; i++)
		map_page(birth->needed[i]);
	exit_register_child();
	clock_now();
	touch_stack();
}

/* --- the order --- */

NEWBORN static void park(struct server_birth *birth, struct warm_cell *cell)
{
	uint32_t state = CELL_MAKING;
	cell->started = pidref_self().started;
	if (!atomic_compare_exchange_strong(&cell->state, &state, CELL_PARKED))
		_exit(EXIT_SUCCESS);
	atomic_fetch_add(&birth->news, 1);
	sys_futex_wake(&birth->news, 1);
	while (cell->state == CELL_PARKED)
		server_wait(&cell->state, CELL_PARKED, birth->parent);
}

/* Actively at first, but on the processor on which the parent would take the next step. */
NEWBORN static void wait_while(_Atomic uint32_t *word, uint32_t value, pid_t parent,
			       int parents_processor)
{
	unsigned processor = UINT_MAX;
	raw_syscall(SYS_getcpu, (long)&processor, 0, 0, 0);
	if ((int)processor != parents_processor)
		for (int i = 0; i < SPINS && *word == value; i++)
			raw_relax();
	while (*word == value)
		server_wait(word, value, parent);
}

NEWBORN static void take_over(int fd, int place)
{
	raw_syscall(SYS_dup3, fd, place, 0, 0);
	raw_syscall(SYS_close, fd, 0, 0, 0);
}

/* The caller's streams, and its directory; a stream that it has closed is closed here. What else
 * it gives is unpacked when the process begins. */
NEWBORN static bool take_descriptors(int channel, struct launch *launch)
{
	struct warm_order order;
	int fds[MESSAGE_MAX_FDS], n, next = 0;
	if (message_receive(channel, &order, sizeof(order), fds, &n, MSG_DONTWAIT) != 1)
		return false;
	if (raw_syscall(SYS_fchdir, fds[next], 0, 0, 0) < 0)
		return false;
	raw_syscall(SYS_close, fds[next++], 0, 0, 0);
	for (int i = 0; i < 2; i++)
		if (order.open[i])
			take_over(fds[next++], STDOUT_FILENO + i);
		else
			raw_syscall(SYS_close, STDOUT_FILENO + i, 0, 0, 0);
	if (order.given)
		launch->given = fds[next];
	return true;
}

NEWBORN static void end_ignoring(uint64_t parents)
{
	const struct kernel_sigaction by_default = {0};
	for (int i = 0; i < WARM_IGNORED; i++)
		if (!(parents & UINT64_C(1) << (warm_ignored[i] - 1)))
			raw_syscall(SYS_rt_sigaction, warm_ignored[i], (long)&by_default, 0,
				    sizeof(by_default.mask));
}

NEWBORN static struct launch *take_order(struct server_birth *birth, struct warm_cell *cell,
					 int processor)
{
	wait_while(&cell->state, CELL_ALERT, birth->parent, processor);
	struct launch *launch = cell->launch;
	if (cell->state != CELL_ORDERED || !take_descriptors(birth->channel, launch))
		_exit(EXIT_FAILURE);
	atomic_store(&cell->state, CELL_EMPTY);
	raw_syscall(SYS_close, birth->channel, 0, 0, 0);
	return launch;
}

NEWBORN static void report_ready(struct launch *launch)
{
	atomic_store(&launch->ready, 1);
	sys_futex_wake(&launch->ready, 1);
}

/* --- the process --- */

/* Its memory is the process's for good, as environ is. */
static void set_environment(const struct launch *launch)
{
	const char *end = launch->environment + launch->environment_size;
	char *copy = malloc(launch->environment_size);
	if (!copy)
		_exit(EXIT_FAILURE);
	memcpy(copy, launch->environment, launch->environment_size);
	clearenv();
	for (const char *word = launch->environment; word < end; word += strlen(word) + 1)
		putenv(copy + (word - launch->environment));
}

/* What only its own memory shows, for it may still be told to quit. */
NEWBORN static void settle(struct server_birth *birth, const struct launch *launch,
			   struct birth *ret)
{
	if (launch->environment) {
		set_environment(launch);
		lineage_adopt();
	}
	launch_settle(launch, ret);
	read_page(launch->place.slot);
	if (ret->arg)
		read_page(ret->arg);
	birth->needed[0] = (uintptr_t)launch;
	birth->needed[1] = (uintptr_t)launch->process;
	birth->needed[2] = (uintptr_t)ret->arg;
	birth->needed[3] = (uintptr_t)ret->target;
}

static void run(const struct launch *launch, struct birth *birth) BROOD_NORETURN;
NEWBORN static void run(const struct launch *launch, struct birth *birth)
{
	const sigmask mask = {.before = launch->mask};
	sigmask_change(SIG_SETMASK, UINT64_MAX);
	table_move(launch->place, true);
	raw_syscall(SYS_umask, launch->umask, 0, 0, 0);
	launch_run(launch, birth, &mask);
}

NEWBORN void warm_main(struct server_birth *birth, struct warm_cell *cell)
{
	static char comm[] = "brood-warm"; /* no constant: these are on a page of their own */
	sys_set_comm(comm);
	self_begin_anew();
	orphan_die_with(birth->parent, birth->death_signal);
	warm_up(birth);
	park(birth, cell);
	int processor = cell->processor;
	struct launch *launch = take_order(birth, cell, processor);
	bool is_told = launch->death_signal && launch->death_signal != SIGKILL;
	sigmask_change(SIG_SETMASK, is_told ? ~orphan_signals() : UINT64_MAX);
	end_ignoring(birth->ignored);
	if (!launch->death_signal)
		orphan_live_on(birth->death_signal);
	struct birth own;
	settle(birth, launch, &own);
	/* From now on the server may be closed, and its memory another's; a process that is to
	 * outlive its parent does so. */
	report_ready(launch);
	wait_while(&launch->word, WARM_WAIT, launch->parent, processor);
	if (launch->word != WARM_GO)
		_exit(EXIT_SUCCESS);
	run(launch, &own);
}
