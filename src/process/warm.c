/* SPDX-License-Identifier: MIT */
/*
 * A warm child does beforehand what can be done beforehand: above all it touches the pages that it
 * will need, each of which costs a fault. A page of text is shared, one of data becomes its own.
 *
 * Between the order and the word to go all signals are blocked but the one by which it dies with
 * its parent: one that is sent to the process as soon as its start has returned is neither
 * ignored, as the terminal's are while it waits, nor ends it before it can be asked to.
 */

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/message.h"
#include "base/pidref.h"
#include "base/raw.h"
#include "base/reference.h"
#include "base/sigmask.h"
#include "base/sys.h"
#include "log/log.h"
#include "process/child.h"
#include "process/crash.h"
#include "process/exit.h"
#include "process/method.h"
#include "process/orphan.h"
#include "process/self.h"
#include "process/server.h"

const int warm_ignored[WARM_IGNORED] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU};

enum {
	SPINS = 2000,	    /* some 30 us: about as long as the parent needs for its next step */
	STACK_USED = 16384, /* by a start */
	PAGE = 4096,
};

/* --- beforehand --- */

__attribute__((no_sanitize("address", "undefined", "thread"))) static void read_page(const void *at)
{
	(void)*(const volatile char *)at;
}

__attribute__((no_sanitize("address", "undefined", "thread"), noinline)) static void
touch_stack(void)
{
	volatile char room[STACK_USED];
	for (size_t i = 0; i < sizeof(room); i += PAGE)
		room[i] = 0;
}

static reference itself;

static void warm_up(void);

void warm_prepare(void)
{
	reference_to((any_function)warm_up, &itself);
	crash_prepare();
	sys_keeps_status();
	pidref_self();
}

/* The functions that a start calls, and the way by which it finds the target. */
static void warm_up(void)
{
	void *const called[] = {(void *)(uintptr_t)launch_resume,
				(void *)(uintptr_t)child_resume,
				(void *)(uintptr_t)method_inherit,
				(void *)(uintptr_t)log_state_apply,
				(void *)(uintptr_t)brood_log_set_last_words,
				(void *)(uintptr_t)exit_register_child,
				(void *)(uintptr_t)pthread_mutex_lock,
				(void *)(uintptr_t)strncpy,
				(void *)(uintptr_t)strcmp,
				(void *)(uintptr_t)memmove,
				(void *)(uintptr_t)on_exit,
				(void *)(uintptr_t)exit,
				(void *)(uintptr_t)recvmsg};
	for (size_t i = 0; i < sizeof(called) / sizeof(called[0]); i++)
		read_page(called[i]);
	any_function function;
	reference_find(&itself, &function);
	touch_stack();
}

/* --- the order --- */

static void park(struct server_birth *birth, struct warm_cell *cell)
{
	uint32_t state = CELL_MAKING;
	if (!atomic_compare_exchange_strong(&cell->state, &state, CELL_PARKED))
		_exit(EXIT_SUCCESS);
	atomic_fetch_add(&birth->news, 1);
	sys_futex_wake(&birth->news, 1);
	while (cell->state == CELL_PARKED)
		server_wait(&cell->state, CELL_PARKED, birth->parent);
}

static void wait_while(_Atomic uint32_t *word, uint32_t value, pid_t parent)
{
	for (int i = 0; i < SPINS && *word == value; i++)
		raw_relax();
	while (*word == value)
		server_wait(word, value, parent);
}

static void take_over(int fd, int place)
{
	raw_syscall(SYS_dup3, fd, place, 0, 0);
	raw_syscall(SYS_close, fd, 0, 0, 0);
}

/* The caller's streams, and its directory; a stream that it has closed is closed here. What else
 * it gives is unpacked when the process begins. */
static bool take_descriptors(int channel, struct launch *launch)
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

static void end_ignoring(uint64_t parents)
{
	const struct kernel_sigaction by_default = {0};
	for (int i = 0; i < WARM_IGNORED; i++)
		if (!(parents & UINT64_C(1) << (warm_ignored[i] - 1)))
			raw_syscall(SYS_rt_sigaction, warm_ignored[i], (long)&by_default, 0,
				    sizeof(by_default.mask));
}

static struct launch *take_order(struct server_birth *birth, struct warm_cell *cell)
{
	wait_while(&cell->state, CELL_ALERT, birth->parent);
	struct launch *launch = cell->launch;
	if (cell->state != CELL_ORDERED || !take_descriptors(birth->channel, launch))
		_exit(EXIT_FAILURE);
	atomic_store(&cell->state, CELL_EMPTY);
	raw_syscall(SYS_close, birth->channel, 0, 0, 0);
	return launch;
}

static void report_ready(struct launch *launch)
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

static void become(const struct launch *launch) BROOD_NORETURN;
static void become(const struct launch *launch)
{
	table_move(launch->place, true);
	raw_syscall(SYS_umask, launch->umask, 0, 0, 0);
	if (launch->environment)
		set_environment(launch);
	const sigmask mask = {.before = launch->mask};
	launch_resume(launch, &mask);
}

void warm_main(struct server_birth *birth, struct warm_cell *cell)
{
	sys_set_comm("brood-warm");
	self_begin_anew();
	orphan_die_with(birth->parent, birth->death_signal);
	warm_up();
	park(birth, cell);
	struct launch *launch = take_order(birth, cell);
	sigmask_change(SIG_SETMASK, ~orphan_signals());
	end_ignoring(birth->ignored);
	if (!launch->death_signal)
		orphan_live_on();
	report_ready(launch);
	read_page(launch->place.slot);
	/* From the word on, a process that is to outlive its parent does so. */
	wait_while(&launch->word, WARM_WAIT, birth->parent);
	if (launch->word != WARM_GO)
		_exit(EXIT_SUCCESS);
	sigmask_change(SIG_SETMASK, UINT64_MAX);
	become(launch);
}
