/* SPDX-License-Identifier: MIT */

/*
 * The kernel and the clock, as shadow.h renames them. Each process is a coroutine on a stack of
 * its own, at a fixed address, that stops before each operation on shared memory.
 */

#include <errno.h>
#include <string.h>

#include "world.h"

#include "base/sys.h"

enum { CLEARED = 4096, FIRST_PID = 1000 };

struct now now;
_Alignas(64) char stacks[MODEL_PROCESSES][STACK_SIZE];
int running = -1;
const model *explored;
static ucontext_t scheduler;

/* The section of MODEL_SHARED; empty unless a scenario uses it. */
extern char __start_model_shared[] __attribute__((weak));
extern char __stop_model_shared[] __attribute__((weak));

static struct process *me(void)
{
	return &now.process[running];
}

static void yield(void)
{
	swapcontext(&me()->context, &scheduler);
}

/* As yield(), until somebody has set the result. */
static int yield_for_result(void)
{
	yield();
	int r = me()->result;
	me()->result = me()->choices = 0;
	return r;
}

static void note(const char *function, int line)
{
	me()->function = function;
	me()->line = line;
}

/* A system call. */
static void enter(const char *function)
{
	note(function, 0);
	yield();
}

static bool is_shared(uintptr_t at)
{
	return at - (uintptr_t)arena < sizeof(arena) ||
	       at - (uintptr_t)__start_model_shared <
		       (uintptr_t)__stop_model_shared - (uintptr_t)__start_model_shared;
}

void model_point(uintptr_t address, const char *function, int line)
{
	if (running < 0 || !is_shared(address) ||
	    (explored->is_quiet && explored->is_quiet((const void *)address)))
		return;
	note(function, line);
	yield();
}

static void begin_process(void)
{
	explored->run(running);
	me()->status = FINISHED;
	me()->function = NULL;
	yield();
}

void process_make(int process)
{
	ucontext_t *context = &now.process[process].context;
	getcontext(context);
	context->uc_stack.ss_sp = stacks[process];
	context->uc_stack.ss_size = STACK_SIZE;
	context->uc_link = NULL;
	makecontext(context, begin_process, 0);
}

/* What earlier calls have left there would make a difference between equal states, by the parts
 * of later frames that nobody writes. */
static void clear_below(const struct process *p, int process)
{
#ifdef __x86_64__
	char *pointer = (char *)p->context.uc_mcontext.gregs[REG_RSP];
	size_t below = (size_t)(pointer - stacks[process]);
	size_t size = below < CLEARED ? below : CLEARED;
	memset(pointer - size, 0, size);
#else
	(void)p, (void)process;
#endif
}

void process_go_on(int process)
{
	struct process *p = &now.process[process];
	p->status = READY;
	p->awaited = 0;
	clear_below(p, process);
	running = process;
	swapcontext(&scheduler, &p->context);
	running = -1;
	p->stack = state_of_stack(process);
}

void process_wake(int process, int why)
{
	struct process *p = &now.process[process];
	p->status = READY;
	p->word = NULL;
	p->peer = 0;
	p->can_time_out = false;
	p->result = why;
}

void process_kill(int process)
{
	now.process[process].status = KILLED;
	now.kills++;
	for (int i = 0; i < explored->processes; i++)
		if (now.process[i].status == ASLEEP && now.process[i].peer == model_owner(process))
			process_wake(i, -EOWNERDEAD);
}

bool process_has_ended(const struct process *p)
{
	return p->status == FINISHED || p->status == KILLED;
}

bool process_can_run(const struct process *p)
{
	if (p->status != AWAITING)
		return p->status == READY;
	for (int i = 0; i < explored->processes; i++)
		if (p->awaited >> i & 1 && !process_has_ended(&now.process[i]))
			return false;
	return true;
}

void model_await(unsigned processes)
{
	note(__func__, 0);
	me()->awaited = processes;
	me()->status = AWAITING;
	yield();
}

bool model_killed(int process)
{
	return now.process[process].status == KILLED;
}

heap_owner model_owner(int process)
{
	return owner_of_slot((uint32_t)process + 1, 1);
}

/* Which of so many alternatives it is to be: each in turn. */
static int choose(int alternatives)
{
	if (alternatives < 2)
		return 0;
	me()->status = CHOOSING;
	me()->choices = alternatives;
	now.forced = running;
	return yield_for_result();
}

pid_t model_pid(int process)
{
	return FIRST_PID + process;
}

pid_t getpid(void)
{
	return model_pid(running);
}

pid_t gettid(void)
{
	return model_pid(running);
}

heap_owner life_owner(void)
{
	return running < 0 ? model_owner(MODEL_PROCESSES) : model_owner(running);
}

static bool is_dead(heap_owner peer)
{
	for (int i = 0; i < explored->processes; i++)
		if (model_owner(i) == peer)
			return model_killed(i);
	return false;
}

bool life_dead(heap_owner peer)
{
	if (running >= 0)
		enter(__func__);
	return is_dead(peer);
}

bool table_dead(heap_owner owner)
{
	return life_dead(owner);
}

pid_t table_pid(heap_owner owner)
{
	for (int i = 0; i < explored->processes; i++)
		if (model_owner(i) == owner)
			return model_pid(i);
	return 0;
}

int life_wait(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer, deadline when)
{
	enter(__func__);
	if (*word != expected)
		return 0;
	if (is_dead(peer))
		return -EOWNERDEAD;
	if (when == 0)
		return -ETIMEDOUT;
	me()->status = ASLEEP;
	me()->word = word;
	me()->peer = peer;
	me()->can_time_out = when != DEADLINE_NEVER || peer == LIFE_SEVERAL;
	return yield_for_result();
}

static int wake(const _Atomic uint32_t *word, int count)
{
	int woken = 0, sleepers[MODEL_PROCESSES];
	while (woken < count) {
		int n = 0;
		for (int i = 0; i < explored->processes; i++)
			if (now.process[i].status == ASLEEP && now.process[i].word == word)
				sleepers[n++] = i;
		if (n == 0)
			break;
		/* All of them, or whichever. */
		int which = n <= count - woken ? 0 : choose(n);
		process_wake(sleepers[which], 0);
		woken++;
	}
	return woken;
}

int sys_futex_wake(_Atomic uint32_t *word, int count)
{
	enter(__func__);
	return wake(word, count);
}

int sys_futex_or_wake(_Atomic uint32_t *word, uint32_t bit, int count)
{
	enter(__func__);
	*word |= bit;
	return wake(word, count);
}

int64_t clock_now(void)
{
	return 1;
}

int deadline_in(double seconds, deadline *ret)
{
	*ret = seconds <= 0 ? 0 : seconds > 1e9 ? DEADLINE_NEVER : INT64_MAX / 2;
	return 0;
}

int brood_cpu_count(void)
{
	return 1;
}
