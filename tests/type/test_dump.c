/* SPDX-License-Identifier: MIT */
/* The form that leaves the family, and its reader, which believes nothing. */

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "brood/type.h"
#include "fake_heap.h"
#include "type/dump.h"

typedef struct point {
	char tag;
	double x;
	const char *label;
	bool set;
} point;
BROOD_TYPE(point, tag, x, label, set);

typedef struct job {
	int id;
	const char *path;
	brood_bytes data;
	point where;
	point *items;
	short n_items;
	int *values;
	unsigned n_values;
	brood_queue *queue;
} job;
BROOD_TYPE(job, id, path, data, BROOD_NESTED(point, where), BROOD_MANY(point, items, n_items),
	   BROOD_MANY(int, values, n_values), queue);

typedef struct node {
	struct node *children;
	int64_t n_children;
} node;
BROOD_TYPE(node, BROOD_MANY(node, children, n_children));

static char bytes[] = {7, 0, 8, 9, 1};
static point items[] = {{'a', 1, "one", true}, {'b', 2, NULL, false}};
static int values[] = {1, 2, 3};
static const job full = {
	.id = 5,
	.path = "path",
	.data = {bytes, sizeof(bytes)},
	.where = {'w', 3, "here", true},
	.items = items,
	.n_items = 2,
	.values = values,
	.n_values = 3,
};

static void *dumped(brood_value value, size_t *ret_size)
{
	void *data = NULL;
	assert_int_equal(brood_dump(value, &data, ret_size), 0);
	assert_non_null(data);
	return data;
}

static int no_block_left(void **state)
{
	(void)state;
	fake_heap_fail_after(-1);
	return fake_heap_live() == 0 ? 0 : -1;
}

static void test_struct(void **state)
{
	(void)state;
	size_t size;
	char *data = dumped(BROOD_POINTED(job, &full), &size);
	char *buffer = malloc(size + 8);
	assert_non_null(buffer);
	/* Wherever it starts. */
	for (size_t shift = 0; shift < 8; shift++) {
		memcpy(buffer + shift, data, size);
		job *loaded = brood_load(job, buffer + shift, size);
		assert_non_null(loaded);
		assert_int_equal(loaded->id, 5);
		assert_string_equal(loaded->path, "path");
		assert_int_equal(loaded->data.size, sizeof(bytes));
		assert_memory_equal(loaded->data.data, bytes, sizeof(bytes));
		assert_string_equal(loaded->where.label, "here");
		assert_true(loaded->where.set);
		assert_int_equal(loaded->n_items, 2);
		assert_string_equal(loaded->items[0].label, "one");
		assert_null(loaded->items[1].label);
		assert_int_equal(loaded->n_values, 3);
		assert_memory_equal(loaded->values, values, sizeof(values));
		assert_null(loaded->queue);
		assert_true(brood_is(loaded, job));
		brood_free(loaded);
	}
	free(buffer);
	free(data);
}

static void test_others(void **state)
{
	(void)state;
	size_t size;
	void *data = dumped(BROOD_VALUE(-7), &size);
	int *number = brood_load(int, data, size);
	assert_int_equal(*number, -7);
	brood_free(number);
	free(data);

	data = dumped(BROOD_VALUE("text"), &size);
	char *string = brood_load(brood_string, data, size);
	assert_string_equal(string, "text");
	brood_free(string);
	free(data);

	data = dumped(BROOD_VALUE(((brood_bytes){bytes, 4})), &size);
	brood_bytes *copied = brood_load(brood_bytes, data, size);
	assert_int_equal(copied->size, 4);
	assert_memory_equal(copied->data, bytes, 4);
	brood_free(copied);
	free(data);
}

static void test_no_value(void **state)
{
	(void)state;
	size_t size;
	void *data = dumped(BROOD_NONE, &size);
	errno = EIO;
	assert_null(brood_load(job, data, size));
	assert_int_equal(errno, 0);
	free(data);
	data = dumped(BROOD_VALUE((const char *)NULL), &size);
	errno = EIO;
	assert_null(brood_load(brood_string, data, size));
	assert_int_equal(errno, 0);
	free(data);
}

static void assert_bad(const brood_type *type, const void *data, size_t size)
{
	/* In memory of just that size, so that a sanitizer sees a byte too far. */
	void *exact = malloc(size ? size : 1);
	assert_non_null(exact);
	memcpy(exact, data, size);
	errno = 0;
	void *loaded = brood_load_as(type, exact, size);
	assert_null(loaded);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(fake_heap_live(), 0);
	free(exact);
}

static void assert_all_bad(const brood_type *type, brood_value value)
{
	size_t size;
	unsigned char *data = dumped(value, &size);
	for (size_t i = 0; i < size; i++) {
		for (unsigned flip = 1; flip < 256; flip = flip < 128 ? flip << 1 : flip + 127) {
			data[i] ^= (unsigned char)flip;
			assert_bad(type, data, size);
			data[i] ^= (unsigned char)flip;
		}
		assert_bad(type, data, i);
	}
	unsigned char *longer = realloc(data, size + 1);
	assert_non_null(longer);
	longer[size] = 0;
	assert_bad(type, longer, size + 1);
	free(longer);
}

static void test_every_byte(void **state)
{
	(void)state;
	const brood_bytes some = {bytes, sizeof(bytes)};
	assert_all_bad(&brood_type_job, BROOD_POINTED(job, &full));
	assert_all_bad(&brood_type_int, BROOD_VALUE(3));
	assert_all_bad(&brood_type_brood_string, BROOD_VALUE("text"));
	assert_all_bad(&brood_type_brood_bytes, BROOD_VALUE(some));
	assert_all_bad(&brood_type_job, BROOD_NONE);
}

/* The checksum made right again after a change, as one who wants to deceive would. */
static void seal(unsigned char *data, size_t size)
{
	dump_header header;
	memcpy(&header, data, sizeof(header));
	header.size = size;
	header.checksum = dump_checksum(&header, data + sizeof(header), size - sizeof(header));
	memcpy(data, &header, sizeof(header));
}

/*
 * Below the checksum, a change is an error or another value; whichever, what is
 * accepted is exactly what would have been written.
 */
static void test_every_byte_sealed(void **state)
{
	(void)state;
	size_t size, again_size, accepted = 0;
	void *again;
	unsigned char *data = dumped(BROOD_POINTED(job, &full), &size);
	for (size_t i = sizeof(dump_header); i < size; i++)
		for (unsigned byte = 0; byte < 256; byte++) {
			unsigned char before = data[i];
			data[i] = (unsigned char)byte;
			seal(data, size);
			job *loaded = brood_load(job, data, size);
			if (loaded) {
				again = dumped(BROOD_POINTED(job, loaded), &again_size);
				assert_int_equal(again_size, size);
				assert_memory_equal(again, data, size);
				free(again);
				brood_free(loaded);
				accepted++;
			} else {
				assert_int_equal(errno, EBADMSG);
			}
			data[i] = before;
		}
	assert_true(accepted > 0);
	free(data);
}

/* Cut short, with a header that says so and a checksum that is right. */
static void test_cut_sealed(void **state)
{
	(void)state;
	size_t size;
	unsigned char *data = dumped(BROOD_POINTED(job, &full), &size);
	for (size_t cut = sizeof(dump_header); cut < size; cut++) {
		unsigned char *shorter = malloc(cut);
		assert_non_null(shorter);
		memcpy(shorter, data, cut);
		seal(shorter, cut);
		assert_bad(&brood_type_job, shorter, cut);
		free(shorter);
	}
	free(data);
}

static void assert_header_bad(const dump_header *header, const char *sentence)
{
	unsigned char data[sizeof(*header) + 8] = {0};
	dump_header sealed = *header;
	sealed.checksum = dump_checksum(&sealed, data + sizeof(sealed), 8);
	memcpy(data, &sealed, sizeof(sealed));
	assert_bad(&brood_type_int64_t, data, sizeof(data));
	if (!strstr(brood_error(), sentence))
		fail_msg("'%s' does not say '%s'", brood_error(), sentence);
}

static void test_headers(void **state)
{
	(void)state;
	size_t size;
	unsigned char *data = dumped(BROOD_VALUE(0L), &size);
	dump_header good, bad;
	memcpy(&good, data, sizeof(good));
	free(data);
	bad = good;
	bad.size++;
	assert_header_bad(&bad, "should have");
	bad = good;
	bad.fingerprint = 0;
	assert_header_bad(&bad, "no value");
	bad = good;
	bad.version++;
	assert_header_bad(&bad, "version");
	bad = good;
	bad.order = __builtin_bswap32(DUMP_ORDER);
	assert_header_bad(&bad, "byte order");
	bad = good;
	bad.pointer_size = 4;
	assert_header_bad(&bad, "pointer size");
	bad = good;
	bad.magic[0] = 'b';
	assert_header_bad(&bad, "brood_dump()");
}

typedef struct change {
	size_t at; /* in the body */
	uint64_t word;
	size_t size;
	const char *sentence;
} change;

static void test_sentences(void **state)
{
	(void)state;
	const change changes[] = {
		{offsetof(job, path), 1, 8, "'path' of 'job' does not point"},
		{offsetof(job, path), 1 << 20, 8, "'path' of 'job' does not point"},
		{4, 1, 1, "padding"},
		{offsetof(job, where) + offsetof(point, set), 2, 1, "neither 0 nor 1"},
		{offsetof(job, data) + offsetof(brood_bytes, size), 1 << 20, 8, "beyond the end"},
		{offsetof(job, data) + offsetof(brood_bytes, size), 0, 8, "not NULL"},
		{offsetof(job, n_items), 0x8000, 2, "negative"},
		{offsetof(job, n_items), 0, 2, "no elements"},
		{offsetof(job, n_values), UINT32_MAX, 4, "beyond the end"},
		{offsetof(job, queue), 64, 8, "handle"},
	};
	size_t size;
	unsigned char *data = dumped(BROOD_POINTED(job, &full), &size);
	unsigned char *body = data + sizeof(dump_header);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint64_t before;
		memcpy(&before, body + changes[i].at, sizeof(before));
		memcpy(body + changes[i].at, &changes[i].word, changes[i].size);
		seal(data, size);
		assert_bad(&brood_type_job, data, size);
		if (!strstr(brood_error(), changes[i].sentence))
			fail_msg("'%s' does not say '%s'", brood_error(), changes[i].sentence);
		memcpy(body + changes[i].at, &before, sizeof(before));
	}
	free(data);
}

static void assert_says(const brood_type *type, brood_value value, const char *sentence)
{
	size_t size;
	void *data = dumped(value, &size);
	assert_bad(type, data, size);
	assert_non_null(strstr(brood_error(), sentence));
	free(data);
}

static void test_another_type(void **state)
{
	(void)state;
	const point other = {.tag = 'x'};
	assert_says(&brood_type_job, BROOD_POINTED(point, &other), "not a 'job'");
	assert_says(&brood_type_int, BROOD_VALUE(3U), "not a 'int'");
	assert_says(&brood_type_job, BROOD_VALUE("text"), "not a 'job'");
}

/* Deeper than a writer would go, and than a stack must. */
static void test_deep(void **state)
{
	(void)state;
	enum { DEEP = 100000 };
	const size_t size = sizeof(dump_header) + DEEP * sizeof(node);
	size_t seed_size;
	void *seed = dumped(BROOD_ARGS(node, .n_children = 0), &seed_size);
	unsigned char *data = calloc(1, size);
	assert_non_null(data);
	memcpy(data, seed, sizeof(dump_header));
	for (uint64_t i = 0; i + 1 < DEEP; i++) {
		const uint64_t words[2] = {(i + 1) * sizeof(node), 1};
		memcpy(data + sizeof(dump_header) + i * sizeof(node), words, sizeof(words));
	}
	seal(data, size);
	assert_bad(&brood_type_node, data, size);
	assert_non_null(strstr(brood_error(), "too deep"));
	free(data);
	free(seed);
}

static void test_nothing_shared_leaves(void **state)
{
	(void)state;
	void *block = heap_alloc(64, 64, HEAP_OWNER_FAMILY);
	void *data = block;
	size_t size = 3;
	job given = {.queue = block};
	const brood_value refused[] = {
		BROOD_POINTED(job, &given), BROOD_VALUE(given.queue), BROOD_SHARE(block),
		BROOD_BORROW(&given),	    BROOD_POINTED(job, NULL),
	};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		assert_int_equal(brood_dump(refused[i], &data, &size), -EINVAL);
		assert_ptr_equal(data, block);
		assert_int_equal(size, 3);
	}
	assert_int_equal(brood_dump(refused[0], &data, &size), -EINVAL);
	assert_non_null(strstr(brood_error(), "'queue' of 'job'"));
	assert_int_equal(brood_dump(BROOD_VALUE(1), NULL, &size), -EINVAL);
	assert_int_equal(brood_dump(BROOD_VALUE(1), &data, NULL), -EINVAL);
	brood_free(block);
}

static void test_bad_calls(void **state)
{
	(void)state;
	size_t size;
	void *data = dumped(BROOD_VALUE(1), &size);
	errno = 0;
	assert_null(brood_load_as(NULL, data, size));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(brood_load(int, NULL, size));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(brood_load_as(&brood_type_shared, data, size));
	assert_int_equal(errno, EINVAL);
	fake_heap_fail_after(0);
	assert_null(brood_load(int, data, size));
	assert_int_equal(errno, ENOMEM);
	free(data);
}

#define TEST(name) cmocka_unit_test_teardown(name, no_block_left)

int main(void)
{
	/* Memory that was not written shows: as padding that is not zero. */
	mallopt(M_PERTURB, 0xa5);
	const struct CMUnitTest tests[] = {
		TEST(test_struct),
		TEST(test_others),
		TEST(test_no_value),
		TEST(test_every_byte),
		TEST(test_every_byte_sealed),
		TEST(test_cut_sealed),
		TEST(test_headers),
		TEST(test_sentences),
		TEST(test_another_type),
		TEST(test_deep),
		TEST(test_nothing_shared_leaves),
		TEST(test_bad_calls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
