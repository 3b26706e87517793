/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <string.h>

/* Of three kinds: of a slab, of a chunk of its own, larger than what is kept for reuse. */
static const size_t sizes[] = {100, 200000, 3 << 20};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void alloc(void)
{
	for (int i = 0; i < SIZES; i++) {
		void *block = TRY_NEW(brood_alloc(sizes[i]));
		if (!block)
			expect((block = brood_alloc(sizes[i])));
		memset(block, 1, sizes[i]);
		brood_free(block);
		brood_heap_trim();
	}
}

static void calloc_aligned(void)
{
	unsigned char *zeroes = TRY_NEW(brood_calloc(10, 1000));
	expect(!zeroes || (zeroes[0] == 0 && memcmp(zeroes, zeroes + 1, 9999) == 0));
	brood_free(zeroes);
	void *block = TRY_NEW(brood_aligned_alloc(4096, 5000));
	expect((size_t)block % 4096 == 0);
	brood_free(block);
	brood_heap_trim();
}

static void resize(void)
{
	char *block = brood_alloc(100);
	strcpy(block, "kept");
	char *larger = TRY_NEW(brood_realloc(block, 300000));
	expect(strcmp(larger ? larger : block, "kept") == 0);
	if (!larger)
		expect((larger = brood_realloc(block, 300000)));
	brood_free(larger);
	brood_heap_trim();
}

static void release(void)
{
	void *small = brood_alloc(100), *large = brood_alloc(200000);
	expect(TRY(brood_free(small)) == 0);
	expect(TRY(brood_free(large)) == 0);
	expect(TRY(brood_free(large)) == -EINVAL);
	expect(TRY(brood_heap_trim()) >= 0);
}

static void owners(void)
{
	void *block = brood_alloc(100);
	expect(TRY(brood_keep(block)) == 0);
	expect(TRY(brood_adopt(block)) == 0);
	expect(TRY_ANY(brood_alloc_size(block)) >= 100);
	expect(TRY_ANY(brood_heap_contains(block)));
	brood_free(block);
}

static void whole(void)
{
	brood_heap_stats stats = {.reserve = 1};
	int r = (int)TRY(brood_heap_stats_get(&stats));
	expect(r < 0 ? stats.reserve == 1 : stats.reserve > 1);
	expect(TRY(brood_heap_check(NULL)) <= 0);
	expect(TRY(brood_heap_set_dumpable(true)) == 0);
	brood_free(TRY_NEW(brood_alloc(200000)));
	expect(TRY(brood_heap_set_dumpable(false)) == 0);
	brood_heap_trim();
}

static const operation table[] = {
	{.name = "heap alloc", .run = alloc},	 {.name = "heap calloc", .run = calloc_aligned},
	{.name = "heap realloc", .run = resize}, {.name = "heap free", .run = release},
	{.name = "heap owners", .run = owners},	 {.name = "heap whole", .run = whole},
};
const operations heap_operations = OPERATIONS(table);
