/* SPDX-License-Identifier: MIT */

/*
 * Each process is a coroutine on a stack of its own, at a fixed address. So a state is a copy of
 * these stacks from the stack pointer up, of the registers, and of the shared memory;
 * to go back to it is to copy it back. The search goes depth first, and remembers a
 * hash of 128 bits of each state.
 */

#include "model.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "base/sys.h"
#include "shadow.h"

enum {
	STACK_SIZE = 32768,
	ARENA_SIZE = 16384,
	MAX_DEPTH = 4096,
	SHARED_MAX = 4096,
	RED_ZONE = 128,
	PATIENCE = 4,
	MAX_EARLY = 2, /* more would be endless where each counts something */
};

enum status { READY, ASLEEP, CHOOSING, FINISHED, KILLED };

struct process {
	enum status status;
	const _Atomic uint32_t *word; /* asleep on it */
	heap_owner peer;
	bool can_time_out;
	int result; /* of the sleep, or of the choice */
	int choices;
	const char *function; /* where it is, for the trail */
	int line;
	ucontext_t context;
};

/* All that changes on the way. */
static struct {
	struct process process[MODEL_PROCESSES];
	size_t allocated;
	int kills, early; /* timeouts that ended though somebody could go on */
	int forced;	  /* the process that must go on; -1: any */
} now;

static _Alignas(65536) char arena[ARENA_SIZE];
static _Alignas(64) char stacks[MODEL_PROCESSES][STACK_SIZE];
static ucontext_t scheduler;
static int running = -1;
static const model *explored;
static model_result result;

/* The section of MODEL_SHARED; empty unless a scenario uses it. */
extern char __start_model_shared[] __attribute__((weak));
extern char __stop_model_shared[] __attribute__((weak));

/* One alternative that was taken, for the trail. */
struct step {
	char what; /* 'r'un, 'k'ill, 't'imeout */
	int process;
	const char *function;
	int line;
};
static struct step trail[MAX_DEPTH];
static int depth;

struct heap_map heap_map;

static void print_trail(const char *failure)
{
	printf("%s: %s\n", explored->name, failure);
	for (int i = 0; i < depth; i++) {
		struct step *s = &trail[i];
		bool goes_on = s->what == 'r' && i + 1 < depth && trail[i + 1].what == 'r' &&
			       trail[i + 1].process == s->process;
		if (goes_on)
			continue;
		const char *what = s->what == 'k'   ? "is killed at"
				   : s->what == 't' ? "runs out of time in"
						    : "has gone on from";
		printf("  %3d: %d %s %s:%d\n", i, s->process, what,
		       s->function ? s->function : "its start", s->line);
	}
	fflush(stdout);
	result.failed = true;
}

void model_check(bool condition, const char *text, const char *function, int line)
{
	char failure[200];
	if (condition || result.failed)
		return;
	snprintf(failure, sizeof(failure), "%s:%d in process %d: not %s", function, line, running,
		 text);
	print_trail(failure);
}

bool model_killed(int process)
{
	return now.process[process].status == KILLED;
}

heap_owner model_owner(int process)
{
	return owner_of_slot((uint32_t)process + 1, 1);
}

static struct process *me(void)
{
	return &now.process[running];
}

static void yield(void)
{
	swapcontext(&me()->context, &scheduler);
}

static bool is_shared(uintptr_t at)
{
	return at - (uintptr_t)arena < sizeof(arena) ||
	       at - (uintptr_t)__start_model_shared <
		       (uintptr_t)__stop_model_shared - (uintptr_t)__start_model_shared;
}

static void note(const char *function, int line)
{
	me()->function = function;
	me()->line = line;
}

void model_point(uintptr_t address, const char *function, int line)
{
	if (running < 0 || !is_shared(address))
		return;
	note(function, line);
	yield();
}

/* The kernel. */

static int choose(int alternatives)
{
	if (alternatives < 2)
		return 0;
	me()->status = CHOOSING;
	me()->choices = alternatives;
	now.forced = running;
	yield();
	return me()->result;
}

heap_owner life_owner(void)
{
	return running < 0 ? model_owner(MODEL_PROCESSES) : model_owner(running);
}

bool life_dead(heap_owner peer)
{
	if (running >= 0) {
		note(__func__, 0);
		yield();
	}
	for (int i = 0; i < explored->processes; i++)
		if (model_owner(i) == peer)
			return model_killed(i);
	return false;
}

int life_wait(const _Atomic uint32_t *word, uint32_t expected, heap_owner peer, deadline when)
{
	note(__func__, 0);
	yield();
	if (*word != expected)
		return 0;
	for (int i = 0; i < explored->processes; i++)
		if (model_killed(i) && model_owner(i) == peer)
			return -EOWNERDEAD;
	if (when == 0)
		return -ETIMEDOUT;
	*me() = (struct process){
		.status = ASLEEP,
		.word = word,
		.peer = peer,
		.can_time_out = when != DEADLINE_NEVER || peer == LIFE_SEVERAL,
		.function = me()->function,
		.context = me()->context,
	};
	yield();
	return me()->result;
}

static void wake_process(int process, int why)
{
	now.process[process].status = READY;
	now.process[process].word = NULL;
	now.process[process].result = why;
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
		wake_process(sleepers[which], 0);
		woken++;
	}
	return woken;
}

int sys_futex_wake(_Atomic uint32_t *word, int count)
{
	note(__func__, 0);
	yield();
	return wake(word, count);
}

int sys_futex_or_wake(_Atomic uint32_t *word, uint32_t bit, int count)
{
	note(__func__, 0);
	yield();
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

/* The heap. */

int heap_require(void)
{
	return 0;
}

void *heap_alloc(size_t alignment, size_t size, heap_owner owner)
{
	(void)alignment, (void)owner;
	char *block = arena + now.allocated;
	now.allocated += (size + 63) / 64 * 64;
	if (now.allocated > sizeof(arena)) {
		fprintf(stderr, "the model's heap is too small\n");
		abort();
	}
	return block;
}

void *heap_block_of(const void *ptr)
{
	return (void *)(uintptr_t)ptr;
}

heap_owner heap_object(const void *start)
{
	(void)start;
	return OWNER_OBJECT;
}

int heap_free_owned(const void *ptr, heap_owner owner)
{
	(void)ptr, (void)owner;
	return 0;
}

size_t heap_sweep(heap_owner dead)
{
	(void)dead;
	return 0;
}

/* States. */

struct state {
	__typeof__(now) now;
	size_t stack_size[MODEL_PROCESSES];
	size_t arena_size;
	size_t shared_size;
	char bytes[]; /* shared variables, arena, stacks */
};

static bool has_stack(const struct process *p)
{
	return p->status != FINISHED && p->status != KILLED;
}

static char *stack_pointer(int process)
{
#ifdef __x86_64__
	return (char *)now.process[process].context.uc_mcontext.gregs[REG_RSP] - RED_ZONE;
#else
	return stacks[process];
#endif
}

static size_t stack_used(int process)
{
	if (!has_stack(&now.process[process]))
		return 0;
	return (size_t)(stacks[process] + STACK_SIZE - stack_pointer(process));
}

static size_t shared_size(void)
{
	return (size_t)(__stop_model_shared - __start_model_shared);
}

static struct state *save(void)
{
	size_t size = shared_size() + now.allocated;
	for (int i = 0; i < explored->processes; i++)
		size += stack_used(i);
	struct state *s = malloc(sizeof(*s) + size);
	s->now = now;
	s->shared_size = shared_size();
	s->arena_size = now.allocated;
	char *to = s->bytes;
	if (s->shared_size)
		memcpy(to, __start_model_shared, s->shared_size);
	memcpy(to += s->shared_size, arena, s->arena_size);
	to += s->arena_size;
	for (int i = 0; i < explored->processes; i++) {
		s->stack_size[i] = stack_used(i);
		memcpy(to, stacks[i] + STACK_SIZE - s->stack_size[i], s->stack_size[i]);
		to += s->stack_size[i];
	}
	return s;
}

static void restore(const struct state *s)
{
	now = s->now;
	const char *from = s->bytes;
	if (s->shared_size)
		memcpy(__start_model_shared, from, s->shared_size);
	memcpy(arena, from += s->shared_size, s->arena_size);
	from += s->arena_size;
	for (int i = 0; i < explored->processes; i++) {
		memcpy(stacks[i] + STACK_SIZE - s->stack_size[i], from, s->stack_size[i]);
		from += s->stack_size[i];
	}
}

typedef struct hash {
	uint64_t a, b;
} hash;

static void mix(hash *h, const void *data, size_t size)
{
	const unsigned char *byte = data;
	for (size_t i = 0; i < size; i += 8) {
		uint64_t word = 0;
		memcpy(&word, byte + i, size - i < 8 ? size - i : 8);
		h->a = (h->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h->a ^= h->a >> 29;
		h->b = (h->b + word) * UINT64_C(0xc2b2ae3d27d4eb4f);
		h->b ^= h->b >> 31;
	}
}

static void mix_registers(hash *h, const struct process *p)
{
#ifdef __x86_64__
	static const int kept[] = {REG_RSP, REG_RBP, REG_RBX, REG_R12,
				   REG_R13, REG_R14, REG_R15, REG_RIP};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		mix(h, &p->context.uc_mcontext.gregs[kept[i]], 8);
#else
	mix(h, &p->context.uc_mcontext, sizeof(p->context.uc_mcontext));
#endif
}

static hash hash_now(void)
{
	hash h = {1, 2};
	int counts[] = {now.kills, now.early, now.forced};
	mix(&h, counts, sizeof(counts));
	if (shared_size())
		mix(&h, __start_model_shared, shared_size());
	mix(&h, arena, now.allocated);
	for (int i = 0; i < explored->processes; i++) {
		const struct process *p = &now.process[i];
		int facts[] = {(int)p->status, (int)p->peer, p->can_time_out, p->result,
			       p->choices};
		mix(&h, facts, sizeof(facts));
		mix(&h, &p->word, sizeof(p->word));
		if (!has_stack(p))
			continue;
		mix_registers(&h, p);
		/* What lies below the stack pointer is of no more use. */
		size_t live = stack_used(i) - (stack_used(i) > RED_ZONE ? RED_ZONE : 0);
		mix(&h, stacks[i] + STACK_SIZE - live, live);
	}
	return h;
}

/* The states seen: a table with open addressing. */
static struct {
	hash *slot;
	size_t size, used;
} seen;

static bool insert(hash *slot, size_t size, hash h)
{
	size_t at = h.a & (size - 1);
	while (slot[at].a || slot[at].b) {
		if (slot[at].a == h.a && slot[at].b == h.b)
			return false;
		at = (at + 1) & (size - 1);
	}
	slot[at] = h;
	return true;
}

static bool is_new(hash h)
{
	if (seen.used * 2 >= seen.size) {
		size_t size = seen.size ? seen.size * 2 : 1 << 16;
		hash *larger = calloc(size, sizeof(*larger));
		for (size_t i = 0; i < seen.size; i++)
			if (seen.slot[i].a || seen.slot[i].b)
				insert(larger, size, seen.slot[i]);
		free(seen.slot);
		seen.slot = larger;
		seen.size = size;
	}
	bool inserted = insert(seen.slot, seen.size, h);
	seen.used += inserted;
	return inserted;
}

/* The search. */

static void go_on(int process)
{
	running = process;
	swapcontext(&scheduler, &now.process[process].context);
	running = -1;
}

static void search(void);

static void take_step(const struct state *from, char what, int process)
{
	if (depth == MAX_DEPTH) {
		print_trail("does not end");
		return;
	}
	struct process *p = &now.process[process];
	trail[depth++] = (struct step){what, process, p->function, p->line};
	if (what == 'k') {
		p->status = KILLED;
		now.kills++;
		for (int i = 0; i < explored->processes; i++)
			if (now.process[i].status == ASLEEP &&
			    now.process[i].peer == model_owner(process))
				wake_process(i, -EOWNERDEAD);
	} else {
		if (what == 't')
			wake_process(process, -ETIMEDOUT);
		go_on(process);
	}
	if (!result.failed && is_new(hash_now()))
		search();
	depth--;
	restore(from);
}

static void take_choices(const struct state *from)
{
	int process = now.forced;
	for (int i = 0; i < now.process[process].choices && !result.failed; i++) {
		now.process[process].result = i;
		now.process[process].status = READY;
		now.forced = -1;
		take_step(from, 'r', process);
	}
}

static int take_timeouts(const struct state *from, int ready)
{
	int taken = 0;
	for (int i = 0; i < explored->processes && !result.failed; i++) {
		if (now.process[i].status != ASLEEP || !now.process[i].can_time_out)
			continue;
		taken++;
		now.early += ready > 0;
		take_step(from, 't', i);
	}
	return taken;
}

static bool all_ended(void)
{
	for (int i = 0; i < explored->processes; i++)
		if (has_stack(&now.process[i]))
			return false;
	return true;
}

/* Lets all go on, one after another, as far as they can. */
static void run_all(void)
{
	for (int steps = 0; steps < MAX_DEPTH; steps++) {
		int ran = 0;
		for (int i = 0; i < explored->processes; i++) {
			if (now.forced >= 0) {
				i = now.forced;
				now.process[i].result = 0;
				now.process[i].status = READY;
				now.forced = -1;
			}
			if (now.process[i].status != READY)
				continue;
			go_on(i);
			ran++;
		}
		if (!ran)
			return;
	}
}

/* Whether the ends of timeouts lead on, so that all end. */
static bool timeouts_help(const struct state *from)
{
	for (int round = 0; round < PATIENCE && !all_ended(); round++) {
		for (int i = 0; i < explored->processes; i++)
			if (now.process[i].status == ASLEEP && now.process[i].can_time_out)
				wake_process(i, -ETIMEDOUT);
		run_all();
	}
	bool helped = all_ended() || (explored->may_sleep && explored->may_sleep());
	restore(from);
	return helped;
}

static void end(void)
{
	if (!all_ended() && !(explored->may_sleep && explored->may_sleep())) {
		print_trail("nobody can go on");
		return;
	}
	result.ends++;
	if (explored->check)
		explored->check();
}

static void search(void)
{
	int ready = 0;
	struct state *here = save();
	result.states++;
	if (now.forced >= 0) {
		take_choices(here);
		free(here);
		return;
	}
	for (int i = 0; i < explored->processes && !result.failed; i++) {
		if (now.process[i].status != READY)
			continue;
		ready++;
		take_step(here, 'r', i);
	}
	for (int i = 0; i < explored->processes && !result.failed; i++)
		if (now.kills < explored->kills && has_stack(&now.process[i]) &&
		    !(explored->immortal >> i & 1))
			take_step(here, 'k', i);
	int timed_out = 0;
	if (!result.failed &&
	    (ready == 0 || (explored->timeouts_at_any_time && now.early < MAX_EARLY)))
		timed_out = take_timeouts(here, ready);
	result.stalls += ready == 0 && timed_out > 0;
	if (!result.failed && ready == 0 && timed_out > 0 && now.kills == 0 &&
	    !explored->lost_wakes_are_allowed)
		print_trail("nobody was killed, and only the end of a timeout helps");
	if (!result.failed && ready == 0 && timed_out > 0 && !timeouts_help(here))
		print_trail("timeouts end in vain");
	if (!result.failed && ready == 0 && timed_out == 0)
		end();
	free(here);
}

static void begin_process(void)
{
	explored->run(running);
	me()->status = FINISHED;
	me()->function = NULL;
	yield();
}

static void make_process(int process)
{
	ucontext_t *context = &now.process[process].context;
	memset(stacks[process], 0, STACK_SIZE);
	getcontext(context);
	context->uc_stack.ss_sp = stacks[process];
	context->uc_stack.ss_size = STACK_SIZE;
	context->uc_link = NULL;
	makecontext(context, begin_process, 0);
}

model_result model_explore(const model *m)
{
	explored = m;
	memset(&now, 0, sizeof(now));
	memset(arena, 0, sizeof(arena));
	if (shared_size())
		memset(__start_model_shared, 0, shared_size());
	now.forced = -1;
	depth = 0;
	result = (model_result){0};
	free(seen.slot);
	memset(&seen, 0, sizeof(seen));
	heap_map.chunks = heap_map.base = arena;
	heap_map.chunk_count = 1;
	m->setup();
	for (int i = 0; i < m->processes; i++)
		make_process(i);
	search();
	printf("%s%s: %zu states, %zu ends, %zu stalls\n", m->name,
	       m->timeouts_at_any_time ? ", timeouts at any time" : "", result.states, result.ends,
	       result.stalls);
	return result;
}
