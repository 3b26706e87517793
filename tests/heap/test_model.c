/* SPDX-License-Identifier: MIT */

/*
 * The allocator against a model of it: an array of what should be live, each
 * block filled with a pattern of its own. Random operations, from a seed that a
 * failure prints; SEED and STEPS in the environment repeat or prolong a run.
 */

#include "support.h"

#include <errno.h>

#include "heap/heap.h"
#include "heap/table.h"

enum { LIVE_MAX = 600, STEPS = 20000 };

#ifdef __SANITIZE_THREAD__ /* two orders slower, and there is one thread */
enum { SEEDS = 1 };
#else
enum { SEEDS = 6 };
#endif

typedef struct live {
	unsigned char *start;
	size_t size;
	unsigned char pattern;
	bool kept;
} live;

typedef struct model {
	uint64_t random;
	uint64_t seed;
	long step;
	size_t count;
	live blocks[LIVE_MAX];
} model;

static uint64_t draw(model *m, uint64_t below)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	m->random ^= m->random << 17;
	return (m->random >> 11) % below;
}

#define EXPECT(m, condition)                                                          \
	do {                                                                          \
		if (!(condition)) {                                                   \
			fprintf(stderr, "SEED=%llu, step %ld: %s (%s)\n",             \
				(unsigned long long)(m)->seed, (m)->step, #condition, \
				brood_error());                                       \
			fail();                                                       \
		}                                                                     \
	} while (0)

/* Mostly small, sometimes up to 2 MiB. */
static size_t draw_size(model *m)
{
	switch (draw(m, 10)) {
	case 0:
		return draw(m, 2 << 20);
	case 1:
	case 2:
		return draw(m, 70000);
	case 3:
	case 4:
		return draw(m, 5000);
	default:
		return draw(m, 300);
	}
}

static bool overlaps(const model *m, const unsigned char *start, size_t size)
{
	for (size_t i = 0; i < m->count; i++)
		if (start < m->blocks[i].start + m->blocks[i].size &&
		    m->blocks[i].start < start + size)
			return true;
	return false;
}

static bool holds(const unsigned char *start, size_t size, unsigned char pattern)
{
	if (size == 0)
		return true;
	return start[0] == pattern && memcmp(start, start + 1, size - 1) == 0;
}

static void fill(model *m, live *block)
{
	block->pattern = (unsigned char)draw(m, 256);
	memset(block->start, block->pattern, block->size);
}

static void add(model *m, unsigned char *start, size_t size)
{
	EXPECT(m, start != NULL);
	size_t usable = brood_alloc_size(start);
	EXPECT(m, usable >= size);
	EXPECT(m, !overlaps(m, start, usable));
	/* All that may be used is: blocks that overlap only in their slack would show. */
	live *block = &m->blocks[m->count++];
	*block = (live){.start = start, .size = usable};
	fill(m, block);
}

static void take_away(model *m, size_t i)
{
	live *block = &m->blocks[i];
	EXPECT(m, holds(block->start, block->size, block->pattern));
	EXPECT(m, brood_free(block->start) == 0);
	*block = m->blocks[--m->count];
}

static void step_alloc(model *m)
{
	size_t size = draw_size(m);
	unsigned char *start = NULL;
	size_t alignment = (size_t)1 << draw(m, 17);
	switch (draw(m, 3)) {
	case 0:
		start = brood_alloc(size);
		break;
	case 1:
		start = brood_calloc(1, size);
		EXPECT(m, start && holds(start, size, 0));
		break;
	default:
		start = brood_aligned_alloc(alignment, size);
		EXPECT(m, (uintptr_t)start % alignment == 0);
	}
	add(m, start, size);
}

static void step_realloc(model *m, size_t i)
{
	live block = m->blocks[i];
	size_t size = draw_size(m);
	unsigned char *start = brood_realloc(block.start, size);
	EXPECT(m, start != NULL);
	EXPECT(m, holds(start, size < block.size ? size : block.size, block.pattern));
	m->blocks[i] = m->blocks[--m->count];
	add(m, start, size);
	m->blocks[m->count - 1].kept = block.kept;
}

static void step(model *m)
{
	size_t i = m->count ? draw(m, m->count) : 0;
	/* Goes up and down between nothing and all, so that chunks empty and close. */
	bool grow = (m->step / 2000) % 2 == 0;
	uint64_t choice = draw(m, 10);
	if (m->count == 0 || (m->count < LIVE_MAX && choice < (grow ? 5 : 3))) {
		step_alloc(m);
	} else if (choice < 7 && !(grow && choice == 5)) {
		take_away(m, i);
	} else if (choice == 7) {
		step_realloc(m, i);
	} else if (choice == 8) {
		EXPECT(m, brood_keep(m->blocks[i].start) == 0);
		m->blocks[i].kept = true;
	} else {
		EXPECT(m, brood_adopt(m->blocks[i].start) == 0);
		m->blocks[i].kept = false;
	}
	if (draw(m, 2000) == 0)
		EXPECT(m, brood_heap_trim() >= 0);
}

static void agree(model *m)
{
	size_t owned = 0, bytes = 0;
	for (size_t i = 0; i < m->count; i++) {
		owned += !m->blocks[i].kept;
		bytes += m->blocks[i].size;
		EXPECT(m, holds(m->blocks[i].start, m->blocks[i].size, m->blocks[i].pattern));
	}
	brood_heap_stats stats = stats_now();
	EXPECT(m, stats.blocks == m->count);
	EXPECT(m, stats.owned == owned);
	EXPECT(m, stats.in_use == bytes);
	EXPECT(m, stats.committed >= stats.in_use + stats.cached);
	EXPECT(m, brood_heap_check(stderr) == 0);
}

static void run(uint64_t seed, long steps)
{
	static model m;
	m = (model){.seed = seed, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
	for (m.step = 0; m.step < steps; m.step++) {
		step(&m);
		if (m.step % 1000 == 999)
			agree(&m);
	}
	while (m.count)
		take_away(&m, m.count - 1);
	agree(&m);
	brood_heap_trim();
	EXPECT(&m, stats_now().committed == 0);
	EXPECT(&m, (atomic_load(&table_self()->blocks) & UINT32_MAX) == 0);
}

static void random_operations_agree_with_the_model(void **state)
{
	(void)state;
	const char *seed = getenv("SEED"), *steps = getenv("STEPS");
	long count = steps ? atol(steps) : STEPS;
	if (seed) {
		run(strtoull(seed, NULL, 10), count);
		return;
	}
	for (uint64_t i = 1; i <= SEEDS; i++)
		run(i, count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(random_operations_agree_with_the_model, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
