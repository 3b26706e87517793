/* SPDX-License-Identifier: MIT */
/*
 * Processes that change a dictionary and a list are killed at random. After each death the
 * objects are whole, every value is one that was put there, and no block is lost.
 */

#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/trie.h"

enum { KEYS = 64, KILLS = 300 };

typedef struct victims {
	brood_dict *dict;
	brood_list *list;
} victims;
BROOD_TYPE(victims, dict, list);

/* A value from which one can tell whether it is whole. */
typedef struct record {
	int key;
	const char *name;
	long numbers[4];
} record;
BROOD_TYPE(record, key, name, numbers);

static void put(brood_dict *d, int key, long number)
{
	brood_must(brood_dict_set_value(d, BROOD_VALUE(key),
					BROOD_ARGS(record, .key = key, .name = "record",
						   .numbers = {number, number, number, number})));
}

static void churn(void *arg)
{
	const victims *v = arg;
	unsigned seed = (unsigned)getpid();
	for (long n = 0;; n++) {
		int key = rand_r(&seed) % KEYS;
		if (rand_r(&seed) % 4)
			put(v->dict, key, n);
		else
			brood_dict_remove(v->dict, key);
		if (brood_list_length(v->list) < 20)
			brood_must(brood_list_insert(v->list, 0, (int)n));
		else
			brood_list_delete(v->list, rand_r(&seed) % 20);
		if (n % 7 == 0)
			brood_list_append(v->list, "text");
		if (n % 16 == 0)
			brood_list_clear(v->list);
	}
}

static void check_record(brood_dict *d, int key)
{
	record *r = brood_dict_get(d, key, record);
	if (!r) {
		assert_int_equal(errno, ENOENT);
		return;
	}
	assert_int_equal(r->key, key);
	assert_string_equal(r->name, "record");
	for (int i = 1; i < 4; i++)
		assert_int_equal(r->numbers[i], r->numbers[0]);
	brood_free(r);
}

static void check_objects(const victims *v, bool alone)
{
	size_t count = 0;
	for (int key = 0; key < KEYS; key++) {
		check_record(v->dict, key);
		count += brood_dict_has(v->dict, key);
	}
	if (alone)
		assert_int_equal(brood_dict_length(v->dict), count);
	char shown[4096];
	assert_true(brood_list_format(v->list, shown, sizeof(shown)) >= 2);
}

static size_t blocks_now(void)
{
	brood_heap_stats stats;
	brood_heap_stats_get(&stats);
	return stats.blocks;
}

/* Entries with their values, and nodes. */
static size_t blocks_in(const _Atomic uintptr_t *places)
{
	size_t n = 0;
	for (int i = 0; i < TRIE_FANOUT; i++) {
		if (places[i] & 1)
			n += 1 + blocks_in((const _Atomic uintptr_t *)(places[i] - 1));
		else
			for (const trie_entry *e = (trie_entry *)places[i]; e;
			     e = (trie_entry *)e->next)
				n += 2;
	}
	return n;
}

static void end(brood_process *p)
{
	brood_process_kill(p);
	assert_int_equal(brood_process_join(p), 0);
	assert_int_equal(brood_process_exitcode(p), -SIGKILL);
	brood_process_free(p);
}

static void test_kills(void **state)
{
	(void)state;
	size_t before = blocks_now();
	victims v = {.dict = brood_dict_new(), .list = brood_list_new()};
	for (int i = 0; i < KILLS; i++) {
		brood_process *one =
			brood_start(.target = churn, .args = BROOD_POINTED(victims, &v),
				    .start_method = "fork");
		brood_process *other =
			brood_start(.target = churn, .args = BROOD_POINTED(victims, &v),
				    .start_method = "fork");
		brood_sleep(1e-5 * (rand() % 300));
		end(one);
		if (i % 3 == 0)
			check_objects(&v, false);
		end(other);
		check_objects(&v, true);
	}
	assert_int_equal(brood_list_clear(v.list), 0);
	size_t reachable =
		blocks_in(((trie *)(void *)v.dict)->root) + 3; /* two objects, an array */
	assert_int_equal(blocks_now() - before, reachable);
	brood_dict_free(v.dict);
	brood_list_free(v.list);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {TEST(test_kills)};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
