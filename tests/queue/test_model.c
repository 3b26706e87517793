/* SPDX-License-Identifier: MIT */

/*
 * Every interleaving of three processes at a queue, with at most one death, of the real code:
 * it is built with model.h, so that each of its atomic operations is a point at which
 * the explorer takes over. The processes are coroutines. A state is the queue's
 * memory and each process's stack and registers; from each state every process is let go one
 * step further, or is killed, unless that leads to a state that is known. Memory is sequentially
 * consistent here: what the weaker orders allow, ThreadSanitizer looks at.
 *
 * The root comes after the others: it waits until those who put have ended, joins and closes the
 * queue, waits for the takers, and takes what is left. Then each message must have been delivered
 * once, or dropped and counted, and each put that returned must have been delivered. When nobody
 * can go on and not all have ended, something is stuck: without a death a sleeper must be woken;
 * after one it may wake by itself, as it does after 50 ms, for some times.
 */

#include "../heap/support.h"

#include <ucontext.h>

#include "base/clock.h"
#include "base/error.h"
#include "brood/queue.h"
#include "heap/account.h"
#include "heap/life.h"
#include "queue/queue.h"

#include "model_points.h"

enum {
	WORKERS = 3,
	ROOT = WORKERS,
	PROCESSES,
	STACK_SIZE = 32768,
	MESSAGES = 4,
	NAPS = 3,
	DEPTH_MAX = 4000,
	SEEN_BITS = 24,
};

enum status { READY, ASLEEP, ENDED, KILLED };

typedef struct process {
	jmp_buf at;
	char *low; /* of its stack in use */
	const _Atomic uint32_t *sleeps_at;
	enum status status;
	int naps;
	bool waits; /* for others to end */
} process;

/* What the processes have seen; a part of the state. */
static struct world {
	process process[PROCESSES];
	int deaths;
	int delivered[MESSAGES];
	bool begun[MESSAGES], returned[MESSAGES], finishing[MESSAGES], finished[MESSAGES];
	int last_of[PROCESSES][PROCESSES]; /* taker, producer */
	bool disorder;
} world;

static _Alignas(64) char stacks[PROCESSES][STACK_SIZE];
static process_slot slots[PROCESSES];
static jmp_buf explorer;
static int running = -1;
static brood_queue *q;
static bool joinable, redeliver, killing;

/* The queue's own memory. */
static struct {
	char *start;
	size_t size;
} parts[3];
static int n_parts;

static heap_owner owner_of(int i)
{
	return OWNER_PROCESS | (heap_owner)(100 + i) << OWNER_GENERATION_BITS;
}

void model_point(void)
{
	if (running < 0)
		return;
	process *me = &world.process[running];
	me->low = (char *)__builtin_frame_address(0) - 256;
	if (!_setjmp(me->at))
		_longjmp(explorer, 1);
}

/* Words that do not change in these scenarios, or only while their slot has an owner, are no
 * points: what is done there commutes with all that others do. */
void model_point_at(const volatile void *word)
{
	uintptr_t at = (uintptr_t)word;
	ring *r = q ? q->put_ring : NULL;
	if (!r || at == (uintptr_t)&q->put_ring || at == (uintptr_t)&q->get_ring ||
	    at == (uintptr_t)&q->pages || at == (uintptr_t)&q->bell.listened ||
	    at - (uintptr_t)q->names < sizeof(q->names) ||
	    (!q->redeliver && at == (uintptr_t)&q->returned))
		return;
	size_t offset = at - (uintptr_t)r->slots;
	if (offset < (size_t)r->stride << r->shift && offset % r->stride != 0)
		return;
	model_point();
}

bool model_dead(uint32_t owner)
{
	for (int i = 0; i < PROCESSES; i++)
		if (owner_of(i) == owner)
			return world.process[i].status == KILLED;
	return false;
}

int model_wait(const _Atomic uint32_t *word, uint32_t expected, uint32_t peer, int64_t when)
{
	(void)peer, (void)when;
	model_point();
	if (atomic_load(word) == expected) {
		world.process[running].status = ASLEEP;
		world.process[running].sleeps_at = word;
		model_point();
	}
	return 0;
}

int model_wake(_Atomic uint32_t *word, int count)
{
	int woken = 0;
	model_point();
	for (int i = 0; i < PROCESSES && woken < count; i++) {
		process *p = &world.process[i];
		if (p->status != ASLEEP || p->sleeps_at != word)
			continue;
		p->status = READY;
		woken++;
	}
	return woken;
}

int64_t model_now(void)
{
	return 0;
}

int model_cpu_count(void)
{
	return 1;
}

/* What the processes do. A message is a pointer into the heap, or a number: its index. */

static char *base; /* somewhere in the heap */

static void put(int message)
{
	world.begun[message] = true;
	int r = redeliver ? brood_put_value(q, BROOD_SHARE(base + message))
			  : brood_put(q, int, message);
	if (r == 0)
		world.returned[message] = true;
	else if (r != -EPIPE)
		abort();
}

/* Whether there was one; producers put ascending numbers, 0 and 1 the first, the rest the second.
 */
static bool get(void)
{
	int message;
	void *pointer;
	int r = redeliver ? brood_get_into_as(q, &brood_type_shared, &pointer)
			  : brood_get_into(q, int, &message);
	if (r == -EPIPE)
		return false;
	if (r != 1)
		abort();
	if (redeliver)
		message = (int)((char *)pointer - base);
	world.delivered[message]++;
	int *last = &world.last_of[running][message / 2];
	if (*last > message && !redeliver)
		world.disorder = true;
	*last = message;
	if (joinable) {
		world.finishing[message] = true;
		if (brood_queue_task_done(q) < 0)
			abort();
		world.finished[message] = true;
	}
	return true;
}

static void put_0_1(void)
{
	put(0);
	put(1);
}

static void put_0(void)
{
	put(0);
}

static void put_2(void)
{
	put(2);
}

static void get_all(void)
{
	while (get())
		;
}

static void idle(void) {}

static void wait_for(int first, int last)
{
	for (;;) {
		bool all = true;
		for (int i = first; i <= last; i++)
			all = all && world.process[i].status >= ENDED;
		if (all)
			break;
		world.process[running].waits = true;
		model_point();
	}
	world.process[running].waits = false;
}

typedef struct scenario {
	const char *name;
	void (*work[WORKERS])(void);
	int producers;	   /* come first */
	unsigned immortal; /* bit i: process i is not killed */
	brood_queue_options options;
} scenario;

static const scenario *plan;

static void root(void)
{
	wait_for(0, plan->producers - 1);
	/* A taker that is killed may leave nobody who finishes. */
	if (joinable && !killing && brood_queue_join(q) < 0)
		abort();
	brood_queue_close(q);
	wait_for(plan->producers, WORKERS - 1);
	get_all();
	if (joinable && brood_queue_join(q) < 0)
		abort();
}

/* What is left of it is no part of the state. */
static void bury(int i, enum status how)
{
	memset(&world.process[i], 0, sizeof(world.process[i]));
	world.process[i].low = stacks[i] + STACK_SIZE;
	world.process[i].status = how;
}

static void run_process(void)
{
	int i = running;
	model_point();
	if (i == ROOT)
		root();
	else
		plan->work[i]();
	bury(i, ENDED);
	_longjmp(explorer, 1);
}

/* The explorer. */

typedef struct snapshot {
	struct world world;
	char *data;
	size_t size;
} snapshot;

static size_t stack_in_use(int i)
{
	return (size_t)(stacks[i] + STACK_SIZE - world.process[i].low);
}

static void save(snapshot *to)
{
	size_t size = 0;
	for (int i = 0; i < n_parts; i++)
		size += parts[i].size;
	for (int i = 0; i < PROCESSES; i++)
		size += stack_in_use(i);
	if (size > to->size) {
		to->data = realloc(to->data, size);
		to->size = size;
	}
	char *at = to->data;
	to->world = world;
	for (int i = 0; i < n_parts; i++, at += parts[i - 1].size)
		memcpy(at, parts[i].start, parts[i].size);
	for (int i = 0; i < PROCESSES; at += stack_in_use(i), i++)
		memcpy(at, world.process[i].low, stack_in_use(i));
}

static void restore(const snapshot *from)
{
	const char *at = from->data;
	world = from->world;
	for (int i = 0; i < n_parts; i++, at += parts[i - 1].size)
		memcpy(parts[i].start, at, parts[i].size);
	for (int i = 0; i < PROCESSES; at += stack_in_use(i), i++)
		memcpy(world.process[i].low, at, stack_in_use(i));
}

typedef struct hash {
	uint64_t a, b;
} hash;

static void mix(hash *h, const void *data, size_t size)
{
	const char *at = data;
	for (; size >= 8; at += 8, size -= 8) {
		uint64_t word;
		memcpy(&word, at, 8);
		h->a = (h->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		h->a ^= h->a >> 29;
		h->b = (h->b + word) * UINT64_C(0xc2b2ae3d27d4eb4f);
		h->b ^= h->b >> 31;
	}
	h->a += size ? (unsigned char)*at : 0;
}

static hash state_hash(void)
{
	hash h = {1, 2};
	mix(&h, &world, sizeof(world) & ~(size_t)7);
	for (int i = 0; i < n_parts; i++)
		mix(&h, parts[i].start, parts[i].size);
	for (int i = 0; i < PROCESSES; i++)
		if (world.process[i].status < ENDED)
			mix(&h, world.process[i].low, stack_in_use(i));
	h.a |= !h.a;
	return h;
}

static hash *seen;
static size_t n_seen, n_ends;

static bool is_new(void)
{
	hash h = state_hash();
	size_t mask = ((size_t)1 << SEEN_BITS) - 1;
	for (size_t i = h.a & mask;; i = (i + 1) & mask) {
		if (!seen[i].a) {
			seen[i] = h;
			if (++n_seen > mask / 4 * 3)
				fail_msg("%s: too many states", plan->name);
			return true;
		}
		if (seen[i].a == h.a && seen[i].b == h.b)
			return false;
	}
}

static void be(int i)
{
	running = i;
	account_self.slot = &slots[i];
	account_self.owner = owner_of(i);
}

/* Lets a process go on to its next point. */
static void advance(int i)
{
	struct account_self before = {account_self.slot, account_self.owner};
	be(i);
	if (!_setjmp(explorer))
		_longjmp(world.process[i].at, 1);
	running = -1;
	account_self.slot = before.slot;
	account_self.owner = before.owner;
}

static void fail_state(const char *what)
{
	for (int i = 0; i < PROCESSES; i++)
		print_error("process %d: %s\n", i,
			    (const char *[]){"ready", "asleep", "ended",
					     "killed"}[world.process[i].status]);
	for (int m = 0; m < MESSAGES; m++)
		print_error("message %d: begun %d, put %d, delivered %d, finished %d\n", m,
			    world.begun[m], world.returned[m], world.delivered[m],
			    world.finished[m]);
	fail_msg("%s: %s", plan->name, what);
}

static void check_end(void)
{
	size_t lost = 0, open = 0, twice = 0;
	n_ends++;
	for (int m = 0; m < MESSAGES; m++) {
		lost += world.returned[m] && !world.delivered[m];
		open += world.delivered[m] && joinable && !world.finished[m];
		if (world.delivered[m] > 1)
			twice++;
		if (world.delivered[m] && !world.begun[m])
			fail_state("a message from nowhere");
	}
	size_t dropped = q->dropped;
	if (world.disorder)
		fail_state("two messages of one producer in the wrong order");
	if (redeliver ? lost > 0 || twice > q->redelivered : twice > 0)
		fail_state("a message was lost, or delivered twice");
	/* A taker that was killed with the message in its hands, outside of the queue, is no
	 * drop of a queue that is not joinable. */
	bool by_taker = false;
	for (int i = plan->producers; i < WORKERS; i++)
		by_taker = by_taker || world.process[i].status == KILLED;
	if (!redeliver && lost > (by_taker ? 1U : 0U))
		fail_state("a message was lost");
	if (joinable && !redeliver && lost > dropped)
		fail_state("a message was dropped and not counted");
	if (dropped > (redeliver ? 0U : by_taker ? 1U : 0U))
		fail_state("dropped messages are wrongly counted");
	if (open > 0 && !by_taker)
		fail_state("a message is unfinished");
}

static bool can_go(int i)
{
	process *p = &world.process[i];
	if (p->waits) {
		int first = i == ROOT ? 0 : PROCESSES;
		bool closed = q->closed;
		int from = closed ? plan->producers : first;
		int to = closed ? WORKERS : plan->producers;
		for (int k = from; k < to; k++)
			if (world.process[k].status < ENDED)
				return false;
		return true;
	}
	return p->status == READY || (p->status == ASLEEP && world.deaths > 0 && p->naps < NAPS);
}

static void go(int i)
{
	process *p = &world.process[i];
	if (p->status == ASLEEP) {
		p->status = READY;
		p->naps++;
	}
	advance(i);
}

static void explore(int depth)
{
	static snapshot kept[DEPTH_MAX];
	assert_true(depth < DEPTH_MAX);
	bool stuck = true, ended = true;
	save(&kept[depth]);
	for (int i = 0; i < PROCESSES; i++) {
		if (world.process[i].status >= ENDED)
			continue;
		ended = false;
		if (can_go(i)) {
			stuck = false;
			go(i);
			if (is_new())
				explore(depth + 1);
			restore(&kept[depth]);
		}
		if (killing && world.deaths == 0 && i != ROOT && !(plan->immortal >> i & 1)) {
			stuck = false;
			bury(i, KILLED);
			world.deaths = 1;
			if (is_new())
				explore(depth + 1);
			restore(&kept[depth]);
		}
	}
	if (ended)
		check_end();
	else if (stuck)
		fail_state("nobody can go on");
}

static void add_part(void *start, size_t size)
{
	parts[n_parts].start = start;
	parts[n_parts++].size = (size + 7) & ~(size_t)7;
}

static void start_processes(void)
{
	memset(&world, 0, sizeof(world));
	memset(stacks, 0, sizeof(stacks));
	for (int i = 0; i < PROCESSES; i++) {
		static ucontext_t context, here;
		getcontext(&context);
		context.uc_stack.ss_sp = stacks[i];
		context.uc_stack.ss_size = STACK_SIZE;
		context.uc_link = &here;
		makecontext(&context, run_process, 0);
		slots[i].life.word = LIFE_WATCHED | 1;
		running = i;
		if (!_setjmp(explorer))
			setcontext(&context);
		running = -1;
	}
}

static void make_queue(void)
{
	q = brood_queue_new_with(&plan->options);
	assert_non_null(q);
	joinable = q->joinable;
	redeliver = q->redeliver;
	queue_learn(q, q->fingerprint, "int");
	ring *r = q->put_ring;
	n_parts = 0;
	add_part(q, sizeof(*q));
	add_part(r, ring_size(r->shift, q->room));
	if (joinable) {
		taken *record = taken_claim(&q->pages, 0, q->self);
		add_part(q->pages, (size_t)((char *)(record + 3) - (char *)q->pages));
	}
}

static void explore_all(const scenario *what)
{
	plan = what;
	for (int kill = 0; kill < 2; kill++) {
		killing = kill;
		n_seen = n_ends = 0;
		seen = calloc((size_t)1 << SEEN_BITS, sizeof(*seen));
		make_queue();
		start_processes();
		explore(0);
		print_message("%s, %s: %zu states, %zu ends\n", plan->name,
			      kill ? "one death" : "nobody dies", n_seen, n_ends);
		free(seen);
		/* The last state that was restored is the first one: an empty queue. */
		assert_int_equal(brood_queue_free(q), 0);
	}
}

#define TYPED_INT .size = sizeof(brood_queue_options), .type = &brood_type_int

static void every_interleaving_of_a_queue(void **state)
{
	static const scenario scenarios[] = {
		{"two producers, one consumer, room for two",
		 {put_0, put_2, get_all},
		 2,
		 0,
		 {TYPED_INT, .max = 2}},
		/* Without the consumer nobody would make room. */
		{"one producer, one consumer, room for one",
		 {put_0_1, get_all, idle},
		 1,
		 1U << 1,
		 {TYPED_INT, .max = 1}},
		{"one producer, one consumer of a joinable queue",
		 {put_0, get_all, idle},
		 1,
		 0,
		 {TYPED_INT, .max = 1, .joinable = true}},
		{"one producer, one consumer, with redelivery",
		 {put_0, get_all, idle},
		 1,
		 0,
		 {.size = sizeof(brood_queue_options), .max = 1, .redeliver = true}},
	};
	(void)state;
	base = brood_alloc(64);
	const char *only = getenv("QUEUE_MODEL");
	for (size_t i = only ? (size_t)atoi(only) : 0;
	     i < (only ? (size_t)atoi(only) + 1 : sizeof(scenarios) / sizeof(scenarios[0])); i++)
		explore_all(&scenarios[i]);
	brood_free(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_interleaving_of_a_queue, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
