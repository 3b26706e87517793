/* SPDX-License-Identifier: MIT */
#ifndef TESTS_HEAP_STEP_H
#define TESTS_HEAP_STEP_H

/* What the tests share that run a child instruction by instruction, to kill it in between. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* In the child: stands here until it is run, and at its end. */
static inline void step_begin_here(void)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP);
}

static inline void step_end_here(void)
{
	raise(SIGSTOP);
	_exit(0);
}

/* In the parent: waits until the child stands there. */
static inline void step_await(pid_t pid)
{
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		skip(); /* a container that forbids ptrace */
}

/* Lets the child run, as ptrace says. Returns whether it stopped by SIGTRAP; else it is at its
 * end. */
static inline bool step_run(pid_t pid, enum __ptrace_request request)
{
	int status;
	assert_int_equal(ptrace(request, pid, NULL, NULL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	return WSTOPSIG(status) == SIGTRAP;
}

/* Whether the child's next instruction can be seen by others: an atomic write or a system call. */
static inline bool step_is_visible(pid_t pid)
{
#ifdef __x86_64__
	long at = ptrace(PTRACE_PEEKUSER, pid, offsetof(struct user_regs_struct, rip), NULL);
	uint64_t code = (uint64_t)ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
	while ((code & 0xff) == 0x66 || (code & 0xf0) == 0x40) /* size and REX prefixes */
		code >>= 8;
	bool lock = (code & 0xff) == 0xf0, exchange = (code & 0xfe) == 0x86;
	return lock || exchange || (code & 0xffff) == 0x050f /* syscall */;
#else
	(void)pid;
	return true;
#endif
}

#endif
