/* SPDX-License-Identifier: MIT */
/*
 * The end of a process by its own fault. What it knows of it then it writes into the
 * heap, and dies as it would have died: an instruction that faults does so again, now
 * with the signal's default action, and a signal that was sent is sent once more. So
 * debuggers and core dumps see the fault itself, not this handler.
 *
 * Whatever the process did to its memory before, the handler must come to an end. It
 * calls nothing that locks or allocates but the heap, which does without locks, and reads
 * what it is not sure of through the kernel; should it fault all the same, the kernel
 * ends the process, since its signals are blocked meanwhile; should it hang, a timer
 * does. It keeps the top of the stack, from which the parent finds the calls
 * (unwind.c): to do that here would take code and tables that may be what is broken.
 */

#include "process/crash.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/error.h"
#include "base/raw.h"
#include "base/sys.h"
#include "brood/report.h"
#include "process/crash_record.h"
#include "process/registers.h"
#include "process/self.h"
#include "process/trace.h"

enum { STUCK_AFTER = 10 /* seconds */ };

/* What the C library says as it aborts; NULL where that is not known. */
struct abort_message {
	unsigned size;
	char text[];
};
static struct abort_message **abort_message;

/* The crash that is being recorded. */
static struct {
	_Atomic pid_t thread;
	int signal;
	siginfo_t info;
} crash;

void crash_handler_prepare(void)
{
	/* A static program has no interpreter and no symbols to ask for. */
	if (getauxval(AT_BASE))
		abort_message = dlvsym(RTLD_DEFAULT, "__abort_msg", "GLIBC_PRIVATE");
}

static void copy_abort_message(struct crash_record *record)
{
	struct abort_message *message, head;
	if (!abort_message ||
	    sys_read_memory(&message, (uintptr_t)abort_message, sizeof(message)) !=
		    sizeof(message) ||
	    !message || sys_read_memory(&head, (uintptr_t)message, sizeof(head)) != sizeof(head))
		return;
	size_t length = sizeof(record->message) - 1;
	if (head.size < length)
		length = head.size;
	length = sys_read_memory(record->message, (uintptr_t)message->text, length);
	record->message[length] = '\0';
}

/* Each frame begins with the caller's frame pointer and the return address, where the
 * compiler keeps frame pointers; where not, whatever is found is judged later. */
static void walk(struct crash_record *record, uint64_t frame)
{
	uint64_t pair[2];
	while (record->frame_count < CRASH_FRAMES && frame % sizeof(void *) == 0 &&
	       sys_read_memory(pair, frame, sizeof(pair)) == sizeof(pair) && pair[1]) {
		record->frames[record->frame_count++] = pair[1];
		if (pair[0] <= frame)
			return;
		frame = pair[0];
	}
}

static void copy_stack(struct crash_record *record, uint64_t start, uint64_t size)
{
	record->stack_start = start;
	record->stack_size = sys_read_memory(record->stack, start, size);
}

static void fill(struct crash_record *record, int signal, const siginfo_t *info,
		 const ucontext_t *context)
{
	record->signal = signal;
	record->code = info->si_code;
	if (info->si_code > 0) {
		record->address = (uintptr_t)info->si_addr;
		record->access = registers_access(context);
	} else {
		record->sender = info->si_pid;
		record->sender_user = info->si_uid;
	}
	record->thread = sys_gettid();
	raw_syscall(SYS_prctl, PR_GET_NAME, (long)record->thread_name, 0, 0);
	if (signal == SIGABRT)
		copy_abort_message(record);
	registers_record(record, context);
	trace_targets(&record->targets_start, &record->targets_end);
	walk(record, registers_frame_pointer(context));
	modules_record(record);
}

/* A block for the record, with its stack; without much of one if there is no more memory. */
static struct crash_record *allocate(uint64_t size)
{
	heap_owner owner = table_owner(table_self());
	struct crash_record *record = heap_alloc(1, sizeof(*record) + size, owner);
	if (!record)
		return NULL;
	memset(record, 0, sizeof(*record));
	return record;
}

static void leave_record(int signal, const siginfo_t *info, const ucontext_t *context)
{
	uint64_t floor = 0, end = 0, start = registers_stack_pointer(context), size = 0;
	if (modules_find_stack(start, &floor, &end)) {
		start = start < floor + CRASH_BELOW ? floor : start - CRASH_BELOW;
		size = end - start < CRASH_STACK ? end - start : CRASH_STACK;
	}
	struct crash_record *record = allocate(size);
	if (!record && (record = allocate(size = size < 4096 ? size : 4096)) == NULL)
		return;
	fill(record, signal, info, context);
	record->stack_floor = floor;
	copy_stack(record, start, size);
	record->magic = CRASH_MAGIC;
	/* Pairs with the acquire in record_take(). */
	atomic_store_explicit(&brood_current_process()->record, record, memory_order_release);
}

/* Whether the instruction will fault once more when it is come back to. */
static bool is_fault(int signal, const siginfo_t *info)
{
	if (info->si_code <= 0)
		return false;
	switch (signal) {
	case SIGSEGV:
		return info->si_code <= SEGV_PKUERR || info->si_code == SI_KERNEL;
	case SIGBUS:
		return info->si_code <= BUS_MCEERR_AR;
	case SIGFPE:
	case SIGILL:
		return true;
	default:
		return false;
	}
}

static void die_as_before(int signal, const siginfo_t *info)
{
	sys_uncatch(signal);
	if (!is_fault(signal, info))
		sys_signal_again(signal, info);
}

/* The handler has not come to an end. The thread it runs in has its signal blocked; this one may
 * be another. */
static void on_stuck(int alarm, siginfo_t *info, void *context)
{
	(void)alarm, (void)info, (void)context;
	const uint64_t signal = UINT64_C(1) << (crash.signal - 1);
	sys_uncatch(crash.signal);
	sys_signal_again(crash.signal, &crash.info);
	raw_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (long)&signal, 0, sizeof(signal));
}

static void set_timer(int seconds)
{
	const struct itimerval timer = {.it_value.tv_sec = seconds};
	raw_syscall(SYS_setitimer, ITIMER_REAL, (long)&timer, 0, 0);
}

void crash_handler(int signal, siginfo_t *info, void *context)
{
	pid_t nobody = 0, self = sys_gettid();
	int saved = errno;
	/* In a process that the program forked by itself it is nobody's business. */
	if (self_is_stranger()) {
		die_as_before(signal, info);
		return;
	}
	if (!atomic_compare_exchange_strong(&crash.thread, &nobody, self)) {
		/* Another thread crashed a moment ago, and the process ends with that. */
		while (nobody != self)
			raw_syscall(SYS_rt_sigsuspend, (long)&(uint64_t){UINT64_MAX},
				    sizeof(uint64_t), 0, 0);
		die_as_before(signal, info);
		return;
	}
	crash.signal = signal;
	crash.info = *info;
	bool timed = sys_catch(SIGALRM, on_stuck);
	if (timed)
		set_timer(STUCK_AFTER);
	if (table_settle_now())
		leave_record(signal, info, context);
	if (timed) {
		set_timer(0);
		sys_uncatch(SIGALRM);
	}
	die_as_before(signal, info);
	errno = saved;
}
