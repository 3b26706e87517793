/* SPDX-License-Identifier: MIT */
/* What a program sees of blocks, one function at a time. */

#include "support.h"

#include <errno.h>

#include "heap/heap.h"
#include "heap/table.h"

static void sizes_are_held(void **state)
{
	(void)state;
	for (size_t size = 0; size < 300000; size = size < 2000 ? size + 1 : size * 9 / 8) {
		unsigned char *block = brood_alloc(size);
		assert_non_null(block);
		assert_true(brood_alloc_size(block) >= size);
		assert_int_equal((uintptr_t)block % (size > 32 ? 64 : 32), 0);
		memset(block, 0xa5, brood_alloc_size(block));
		assert_int_equal(brood_free(block), 0);
	}
}

static void little_is_wasted_below_the_largest_class(void **state)
{
	(void)state;
	for (size_t size = 256; size <= 32768; size += 64) {
		void *block = brood_alloc(size);
		if (size <= 16384)
			assert_true(brood_alloc_size(block) * 3 <= size * 4);
		brood_free(block);
	}
}

static void zero_bytes_are_a_block_of_their_own(void **state)
{
	(void)state;
	void *a = brood_alloc(0), *b = brood_alloc(0);
	assert_non_null(a);
	assert_ptr_not_equal(a, b);
	brood_free(a);
	brood_free(b);
}

static void alignments_are_met(void **state)
{
	(void)state;
	for (size_t alignment = 1; alignment <= 65536; alignment *= 2) {
		for (size_t size = 1; size < 200000; size = size * 3 + 1) {
			void *block = brood_aligned_alloc(alignment, size);
			assert_non_null(block);
			assert_int_equal((uintptr_t)block % alignment, 0);
			assert_true(brood_alloc_size(block) >= size);
			brood_free(block);
		}
	}
	static const size_t wrong[] = {0, 3, 48, 131072};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		errno = 0;
		assert_null(brood_aligned_alloc(wrong[i], 10));
		assert_int_equal(errno, EINVAL);
	}
}

static void calloc_is_zero_on_used_memory(void **state)
{
	(void)state;
	static const size_t sizes[] = {40, 5000, 200000};
	for (size_t i = 0; i < 3; i++) {
		char *dirty = brood_alloc(sizes[i]);
		memset(dirty, 1, sizes[i]);
		brood_free(dirty);
		char *clean = brood_calloc(sizes[i] / 8, 8);
		for (size_t k = 0; k < sizes[i] / 8 * 8; k++)
			assert_int_equal(clean[k], 0);
		brood_free(clean);
	}
	errno = 0;
	assert_null(brood_calloc(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
}

static void a_larger_heap_is_advised_where_there_can_be_one(void **state)
{
	(void)state;
	size_t reserve = stats_now().reserve, most = (size_t)64 << 30;
	assert_null(brood_alloc(reserve));
	assert_int_equal(!!strstr(brood_error(), "BROOD_HEAP_SIZE"), reserve < most);
	assert_null(brood_alloc(most + 1));
	assert_null(strstr(brood_error(), "BROOD_HEAP_SIZE"));
}

static void a_missing_place_is_named(void **state)
{
	(void)state;
	assert_null(brood_alloc(SIZE_MAX));
	assert_int_equal(brood_heap_stats_get(NULL), -EINVAL);
	assert_string_equal(brood_error(), "out is NULL");
}

static void realloc_keeps_content_and_owner(void **state)
{
	(void)state;
	char *block = brood_realloc(NULL, 100);
	strcpy(block, "content");
	assert_int_equal(brood_keep(block), 0);
	static const size_t sizes[] = {10000, 100000, 1000000, 5000, 20, 0};
	for (size_t i = 0; i < 6; i++) {
		block = brood_realloc(block, sizes[i]);
		assert_non_null(block);
		assert_string_equal(block, "content");
		assert_int_equal(stats_now().owned, 0);
		assert_int_equal(stats_now().blocks, 1);
	}
	assert_null(brood_realloc(block + 1, 50));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_realloc(block, SIZE_MAX / 2));
	assert_int_equal(errno, ENOMEM);
	assert_string_equal(block, "content");
	brood_free(block);
}

static void wrong_frees_change_nothing(void **state)
{
	(void)state;
	static const size_t sizes[] = {64, 1000, 100000};
	int local = 0;
	assert_int_equal(brood_free(NULL), 0);
	assert_int_equal(brood_free(&local), -EINVAL);
	for (size_t i = 0; i < 3; i++) {
		char *block = brood_alloc(sizes[i]);
		assert_int_equal(brood_free(block + 8), -EINVAL);
		assert_non_null(strstr(brood_error(), "points into"));
		assert_int_equal(stats_now().blocks, 1);
		assert_int_equal(brood_free(block), 0);
		assert_int_equal(brood_free(block), -EINVAL);
		assert_non_null(strstr(brood_error(), "freed already"));
		assert_int_equal(brood_keep(block), -EINVAL);
		assert_int_equal(brood_adopt(block), -EINVAL);
		assert_int_equal(brood_alloc_size(block), 0);
	}
}

static void values_are_freed_by_their_users_pointer(void **state)
{
	(void)state;
	static const size_t sizes[] = {128, 5000, 100000};
	for (size_t i = 0; i < 3; i++) {
		char *block = brood_alloc(sizes[i]);
		char *value = block + HEAP_VALUE_OFFSET;
		assert_true(brood_alloc_size(value) >= sizes[i] - HEAP_VALUE_OFFSET);
		assert_null(brood_realloc(value, 10));
		assert_int_equal(brood_keep(value), 0);
		assert_int_equal(stats_now().owned, 0);
		assert_int_equal(brood_adopt(value), 0);
		assert_int_equal(stats_now().owned, 1);
		assert_int_equal(brood_free(value), 0);
	}
}

static void blocks_are_found_by_inner_pointers(void **state)
{
	(void)state;
	static const size_t sizes[] = {32, 192, 21000, 70000, 1000000};
	for (size_t i = 0; i < 5; i++) {
		char *block = brood_alloc(sizes[i]);
		assert_ptr_equal(heap_block_of(block), block);
		assert_ptr_equal(heap_block_of(block + sizes[i] - 1), block);
		assert_true(brood_heap_contains(block + sizes[i] - 1));
		brood_free(block);
		assert_null(heap_block_of(block));
	}
	assert_false(brood_heap_contains(&sizes));
	assert_false(brood_heap_contains(NULL));
	assert_null(heap_block_of(&sizes));
}

static void freed_large_blocks_are_reused_then_returned(void **state)
{
	(void)state;
	brood_heap_trim();
	void *first = brood_alloc(1 << 20);
	brood_free(first);
	assert_int_equal(stats_now().cached, 1 << 20);
	void *second = brood_alloc(1000000);
	assert_ptr_equal(first, second);
	assert_int_equal(stats_now().cached, 0);
	brood_free(second);
	assert_int_equal(brood_heap_trim(), 1 << 20);
	assert_int_equal(stats_now().committed, 0);
	/* More than the cache may hold goes back at once. */
	brood_free(brood_alloc(100 << 20));
	assert_int_equal(stats_now().committed, 0);
}

static void what_a_dead_owner_cannot_own(void **state)
{
	(void)state;
	process_slot *slot = table_reserve();
	heap_owner owner = table_owner(slot);
	void *block = heap_alloc(1, 100, owner);
	assert_non_null(block);
	table_release(slot);
	assert_null(heap_block_of(block));
	assert_null(heap_alloc(1, 100, owner));
	assert_int_equal(errno, EINVAL);
	block = brood_alloc(10);
	assert_int_equal(heap_give(block, owner), -EINVAL);
	assert_int_equal(stats_now().owned, 1);
	brood_free(block);
}

/* Whether the kernel would leave the mapping at an address out of a core dump. */
static bool is_left_out_of_dumps(const void *ptr)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	char line[512];
	bool inside = false, left_out = false;
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)ptr >= from && (uintptr_t)ptr < to;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			left_out = strstr(line, " dd") != NULL;
	}
	fclose(maps);
	return left_out;
}

static void dumps_hold_blocks_when_asked(void **state)
{
	(void)state;
	char *before = brood_alloc(1 << 20);
	assert_true(is_left_out_of_dumps(before));
	assert_int_equal(brood_heap_set_dumpable(true), 0);
	char *after = brood_alloc(2 << 20);
	assert_false(is_left_out_of_dumps(before));
	assert_false(is_left_out_of_dumps(after));
	assert_true(is_left_out_of_dumps(after + (2 << 20)));
	assert_int_equal(brood_heap_set_dumpable(false), 0);
	assert_true(is_left_out_of_dumps(after));
	brood_free(before);
	brood_free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(sizes_are_held, heap_is_empty),
		cmocka_unit_test_teardown(little_is_wasted_below_the_largest_class, heap_is_empty),
		cmocka_unit_test_teardown(zero_bytes_are_a_block_of_their_own, heap_is_empty),
		cmocka_unit_test_teardown(alignments_are_met, heap_is_empty),
		cmocka_unit_test_teardown(calloc_is_zero_on_used_memory, heap_is_empty),
		cmocka_unit_test_teardown(a_larger_heap_is_advised_where_there_can_be_one,
					  heap_is_empty),
		cmocka_unit_test_teardown(a_missing_place_is_named, heap_is_empty),
		cmocka_unit_test_teardown(realloc_keeps_content_and_owner, heap_is_empty),
		cmocka_unit_test_teardown(wrong_frees_change_nothing, heap_is_empty),
		cmocka_unit_test_teardown(values_are_freed_by_their_users_pointer, heap_is_empty),
		cmocka_unit_test_teardown(blocks_are_found_by_inner_pointers, heap_is_empty),
		cmocka_unit_test_teardown(freed_large_blocks_are_reused_then_returned,
					  heap_is_empty),
		cmocka_unit_test_teardown(what_a_dead_owner_cannot_own, heap_is_empty),
		cmocka_unit_test_teardown(dumps_hold_blocks_when_asked, heap_is_empty),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
