/* SPDX-License-Identifier: MIT */
/*
 * What a new process does so that it can tell of its crash; crash_handler.c does the telling.
 * The alternate stack is mapped by the first process that starts another, and there
 * is no memory behind it until it is used: in the library's own data it would draw apart
 * what every new process writes to, and cost it pages.
 */

#include "process/crash.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/newborn.h"
#include "base/raw.h"
#include "base/sys.h"

/* A bit each, in the code itself: a table would be on a page that costs a new process a fault. */
#define SIGNAL(signal) (UINT64_C(1) << (signal))
#define CRASH_SIGNALS                                                                           \
	(SIGNAL(SIGSEGV) | SIGNAL(SIGABRT) | SIGNAL(SIGBUS) | SIGNAL(SIGFPE) | SIGNAL(SIGILL) | \
	 SIGNAL(SIGSYS) | SIGNAL(SIGTRAP))

NEWBORN_DATA static char *_Atomic alternate_stack;

NEWBORN void crash_prepare(void)
{
	char *none = NULL;
	if (alternate_stack)
		return;
	char *memory = mmap(NULL, CRASH_STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) /* an overflow of the stack is not told, then */
		return;
	crash_handler_prepare();
	if (!atomic_compare_exchange_strong(&alternate_stack, &none, memory))
		munmap(memory, CRASH_STACK_SIZE);
}

/* One that is the thread's already, the program's or a sanitizer's, stays. */
NEWBORN static void set_alternate_stack(void)
{
	stack_t stack = {.ss_sp = alternate_stack, .ss_size = CRASH_STACK_SIZE}, old = {0};
	if (alternate_stack && raw_syscall(SYS_sigaltstack, (long)&stack, (long)&old, 0, 0) == 0 &&
	    !(old.ss_flags & SS_DISABLE))
		raw_syscall(SYS_sigaltstack, (long)&old, 0, 0, 0);
}

NEWBORN void crash_begin(bool wanted)
{
	if (wanted)
		set_alternate_stack();
	for (uint64_t left = CRASH_SIGNALS; left; left &= left - 1) {
		int signal = __builtin_ctzll(left);
		if (sys_catch(signal, crash_handler) && !wanted)
			sys_uncatch(signal);
	}
}
