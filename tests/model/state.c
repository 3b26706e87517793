/* SPDX-License-Identifier: MIT */

/*
 * A state is a copy of the stacks from the stack pointer up, of the registers, and of the shared
 * memory; to go back to it is to copy it back. What is remembered of it is a hash of 128
 * bits.
 */

#include <stdlib.h>
#include <string.h>

#include "world.h"

/* The section of MODEL_SHARED; empty unless a scenario uses it. */
extern char __start_model_shared[] __attribute__((weak));
extern char __stop_model_shared[] __attribute__((weak));

struct state {
	struct now now;
	size_t stack_size[MODEL_PROCESSES];
	char bytes[]; /* shared variables, arena, stacks */
};

static size_t stack_used(int process)
{
	if (process_has_ended(&now.process[process]))
		return 0;
#ifdef __x86_64__
	char *pointer = (char *)now.process[process].context.uc_mcontext.gregs[REG_RSP];
	return (size_t)(stacks[process] + STACK_SIZE - pointer);
#else
	return STACK_SIZE;
#endif
}

static size_t shared_size(void)
{
	return (size_t)(__stop_model_shared - __start_model_shared);
}

state *state_save(void)
{
	size_t size = shared_size() + now.allocated;
	for (int i = 0; i < explored->processes; i++)
		size += stack_used(i);
	state *s = malloc(sizeof(*s) + size);
	char *to = s->bytes;
	s->now = now;
	if (shared_size())
		memcpy(to, __start_model_shared, shared_size());
	memcpy(to += shared_size(), arena, now.allocated);
	to += now.allocated;
	for (int i = 0; i < explored->processes; i++) {
		s->stack_size[i] = stack_used(i);
		memcpy(to, stacks[i] + STACK_SIZE - s->stack_size[i], s->stack_size[i]);
		to += s->stack_size[i];
	}
	return s;
}

void state_restore(const state *s)
{
	const char *from = s->bytes;
	now = s->now;
	if (shared_size())
		memcpy(__start_model_shared, from, shared_size());
	memcpy(arena, from += shared_size(), now.allocated);
	from += now.allocated;
	for (int i = 0; i < explored->processes; i++) {
		memcpy(stacks[i] + STACK_SIZE - s->stack_size[i], from, s->stack_size[i]);
		from += s->stack_size[i];
	}
}

static void mix_word(hash *h, uint64_t word)
{
	h->a = (h->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	h->a ^= h->a >> 29;
	h->b = (h->b + word) * UINT64_C(0xc2b2ae3d27d4eb4f);
	h->b ^= h->b >> 31;
}

static void mix(hash *h, const void *data, size_t size)
{
	const char *at = data;
	hash here = *h;
	uint64_t word;
	for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		mix_word(&here, word);
	}
	word = 0;
	memcpy(&word, at, size);
	mix_word(&here, word);
	*h = here;
}

static void mix_registers(hash *h, const struct process *p)
{
#ifdef __x86_64__
	static const int kept[] = {REG_RSP, REG_RBP, REG_RBX, REG_R12,
				   REG_R13, REG_R14, REG_R15, REG_RIP};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		mix_word(h, (uint64_t)p->context.uc_mcontext.gregs[kept[i]]);
#else
	mix(h, &p->context.uc_mcontext, sizeof(p->context.uc_mcontext));
#endif
}

hash state_of_stack(int process)
{
	hash h = {1, 2};
	if (process_has_ended(&now.process[process]))
		return h;
	mix_registers(&h, &now.process[process]);
	mix(&h, stacks[process] + STACK_SIZE - stack_used(process), stack_used(process));
	return h;
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
		mix_word(&h, p->status);
		if (process_has_ended(p))
			continue;
		int facts[] = {(int)p->peer, p->can_time_out, p->timeouts,
			       p->result,    p->choices,      (int)p->awaited};
		mix(&h, facts, sizeof(facts));
		mix_word(&h, (uintptr_t)p->word);
		mix(&h, &p->stack, sizeof(p->stack));
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

bool state_is_new(void)
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
	bool inserted = insert(seen.slot, seen.size, hash_now());
	seen.used += inserted;
	return inserted;
}

void state_begin(void)
{
	memset(&now, 0, sizeof(now));
	memset(arena, 0, ARENA_SIZE);
	memset(stacks, 0, sizeof(stacks));
	if (shared_size())
		memset(__start_model_shared, 0, shared_size());
	free(seen.slot);
	memset(&seen, 0, sizeof(seen));
}
