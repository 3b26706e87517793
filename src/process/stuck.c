/* SPDX-License-Identifier: MIT */

#include "process/stuck.h"

#include <linux/futex.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "base/sys.h"

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

/* Where stuck_try() goes on; NULL for stuck_begin(). There is one thread. */
static sigjmp_buf *back;

/* SA_RESTART has put the thread back to the call, so that it finds the lock free. */
static void look(int signal, siginfo_t *info, void *context)
{
	uintptr_t call[4];
	(void)info;
	if (signal == SIGALRM &&
	    (!interrupted_call(context, call) || call[0] != SYS_futex ||
	     (call[2] & (uintptr_t)FUTEX_CMD_MASK) != FUTEX_WAIT || !sys_has_one_thread()))
		return;
	if (back)
		siglongjmp(*back, 1);
	_Atomic uint32_t *word = (_Atomic uint32_t *)call[1];
	uint32_t held = (uint32_t)call[3];
	atomic_compare_exchange_strong(word, &held, 0);
}

/* The last two are for stuck_try() only. */
static const int signals[] = {SIGALRM, SIGSEGV, SIGBUS};
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

void stuck_begin(struct stuck *ret)
{
	const struct timeval moment = {.tv_usec = LOOK_US};
	const struct itimerval timer = {.it_interval = moment, .it_value = moment};
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
	sigset_t ours;
	*ret = (struct stuck){0};
	action.sa_sigaction = look;
	sigfillset(&action.sa_mask);
	sigemptyset(&ours);
	for (int i = 0; i < (back ? SIGNALS : 1); i++) {
		sigaddset(&ours, signals[i]);
		sigaction(signals[i], &action, &ret->actions[i]);
	}
	pthread_sigmask(SIG_UNBLOCK, &ours, &ret->mask);
	setitimer(ITIMER_REAL, &timer, &ret->timer);
}

void stuck_end(const struct stuck *stuck)
{
	const struct itimerval none = {0};
	setitimer(ITIMER_REAL, &none, NULL);
	pthread_sigmask(SIG_SETMASK, &stuck->mask, NULL);
	for (int i = 0; i < (back ? SIGNALS : 1); i++)
		sigaction(signals[i], &stuck->actions[i], NULL);
	setitimer(ITIMER_REAL, &stuck->timer, NULL);
}

bool stuck_try(void (*function)(void *data), void *data)
{
	struct stuck stuck;
	sigjmp_buf here;
	back = &here;
	stuck_begin(&stuck);
	volatile bool returned = false;
	if (sigsetjmp(here, 1) == 0) {
		function(data);
		returned = true;
	}
	stuck_end(&stuck);
	back = NULL;
	return returned;
}
