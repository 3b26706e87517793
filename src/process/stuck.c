/* SPDX-License-Identifier: MIT */

#include "process/stuck.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

enum { LOOK_US = 1000 };

/* The system call that was interrupted and will be made again, with its first three arguments.
 * False when none was. */
static bool interrupted_call(const ucontext_t *context, uintptr_t ret[4])
{
#if defined(__x86_64__)
	static const unsigned char instruction[] = {0x0f, 0x05};
	const greg_t *gregs = context->uc_mcontext.gregs;
	const void *at = (const void *)(uintptr_t)gregs[REG_RIP];
	static const int registers[] = {REG_RAX, REG_RDI, REG_RSI, REG_RDX};
	for (int i = 0; i < 4; i++)
		ret[i] = (uintptr_t)gregs[registers[i]];
	return memcmp(at, instruction, sizeof(instruction)) == 0;
#elif defined(__aarch64__)
	static const unsigned char instruction[] = {0x01, 0x00, 0x00, 0xd4};
	const void *at = (const void *)(uintptr_t)context->uc_mcontext.pc;
	static const int registers[] = {8, 0, 1, 2};
	for (int i = 0; i < 4; i++)
		ret[i] = (uintptr_t)context->uc_mcontext.regs[registers[i]];
	return memcmp(at, instruction, sizeof(instruction)) == 0;
#else
	(void)context, (void)ret;
	return false;
#endif
}

/* SA_RESTART has put the thread back to the call, so that it finds the lock free. */
static void free_the_lock(int signal, siginfo_t *info, void *context)
{
	(void)signal, (void)info;
	uintptr_t call[4];
	if (!interrupted_call(context, call) || call[0] != SYS_futex ||
	    (call[2] & (uintptr_t)FUTEX_CMD_MASK) != FUTEX_WAIT)
		return;
	_Atomic uint32_t *word = (_Atomic uint32_t *)call[1];
	uint32_t held = (uint32_t)call[3];
	atomic_compare_exchange_strong(word, &held, 0);
}

void stuck_begin(struct stuck *ret)
{
	const struct timeval moment = {.tv_usec = LOOK_US};
	const struct itimerval timer = {.it_interval = moment, .it_value = moment};
	struct sigaction look = {.sa_flags = SA_SIGINFO | SA_RESTART};
	sigset_t alarm;
	look.sa_sigaction = free_the_lock;
	sigfillset(&look.sa_mask);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigaction(SIGALRM, &look, &ret->action);
	setitimer(ITIMER_REAL, &timer, &ret->timer);
	pthread_sigmask(SIG_UNBLOCK, &alarm, &ret->mask);
}

void stuck_end(const struct stuck *stuck)
{
	setitimer(ITIMER_REAL, &stuck->timer, NULL);
	pthread_sigmask(SIG_SETMASK, &stuck->mask, NULL);
	sigaction(SIGALRM, &stuck->action, NULL);
}
