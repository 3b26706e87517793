/* SPDX-License-Identifier: MIT */
/* Dictionaries and namespaces: what is in them, how it is shown, and from several processes. */

#include "harness.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/keeper.h"

typedef struct job {
	int id;
	const char *path;
} job;
BROOD_TYPE(job, id, path);

static void assert_int_at(brood_dict *d, brood_value key, int expected)
{
	int *value = brood_dict_get_as(d, key, &brood_type_int);
	if (!value)
		fail_msg("%s", brood_error());
	assert_int_equal(*value, expected);
	brood_free(value);
}

static void test_values(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	char text[] = "text";
	assert_int_equal(brood_dict_set(d, 1, 10), 0);
	assert_int_equal(brood_dict_set(d, "one", text), 0);
	assert_int_equal(
		brood_dict_set_value(d, BROOD_VALUE("job"), BROOD_ARGS(job, .id = 3, .path = "a")),
		0);
	text[0] = 'T'; /* copied */
	char *got = brood_dict_get(d, "one", brood_string);
	assert_string_equal(got, "text");
	got[0] = 'n'; /* a copy */
	brood_free(got);
	got = brood_dict_get(d, "one", brood_string);
	assert_string_equal(got, "text");
	brood_free(got);
	job *j = brood_dict_get(d, "job", job);
	assert_int_equal(j->id, 3);
	assert_string_equal(j->path, "a");
	assert_true(brood_is(j, job));
	brood_free(j);
	assert_int_at(d, BROOD_VALUE(1), 10);
	assert_int_at(d, BROOD_VALUE(1UL), 10); /* the same number */
	assert_int_equal(brood_dict_set(d, (unsigned char)1, 11), 0);
	assert_int_at(d, BROOD_VALUE(1LL), 11);
	assert_int_equal(brood_dict_length(d), 3);
	assert_true(brood_dict_has(d, "one"));
	assert_false(brood_dict_has(d, 2));
	assert_null(brood_dict_get(d, 2, int));
	assert_int_equal(errno, ENOENT);
	assert_sentence("no key 2");
	assert_null(brood_dict_get(d, "job", int));
	assert_int_equal(errno, EBADMSG);
	assert_sentence("'job'");
	assert_int_equal(brood_dict_remove(d, "one"), 0);
	assert_int_equal(brood_dict_remove(d, "one"), -ENOENT);
	assert_sentence("'one'");
	assert_int_equal(brood_dict_length(d), 2);
	assert_int_equal(brood_dict_free(d), 0);
}

static void test_repr(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new(), *inner = brood_dict_new();
	assert_string_equal(brood_dict_repr(d), "{}");
	brood_dict_set(d, "b", "it's");
	brood_dict_set(d, "a", "say \"it's\"\n");
	brood_dict_set(d, 10, 1.0);
	brood_dict_set(d, -3, 0.1);
	brood_dict_set(d, 2, (bool)true);
	brood_dict_set(d, ULLONG_MAX, 1e30f);
	brood_dict_set_value(d, BROOD_VALUE("n"), BROOD_NONE);
	brood_dict_set_value(d, BROOD_VALUE("j"), BROOD_ARGS(job, .id = 1));
	brood_dict_set(d, "z", ((brood_bytes){.data = (char[]){"a\x01"}, .size = 2}));
	brood_dict_set(d, "c", (char)'x');
	brood_dict_set(d, "s", (short)-7);
	assert_string_equal(brood_dict_repr(d),
			    "{-3: 0.1, 2: True, 10: 1.0, 18446744073709551615: 1e+30, "
			    "'a': 'say \"it\\'s\"\\n', 'b': \"it's\", 'c': 'x', 'j': <job>, "
			    "'n': None, 's': -7, 'z': b'a\\x01'}");
	brood_dict_set(inner, "self", inner);
	char expected[64];
	snprintf(expected, sizeof(expected), "{'self': <brood_dict at %p>}", (void *)inner);
	assert_string_equal(brood_dict_repr(inner), expected);
	assert_ptr_equal(brood_dict_get(inner, "self", brood_dict_handle), inner);
	char small[4];
	assert_int_equal(brood_dict_format(inner, small, sizeof(small)), strlen(expected));
	assert_string_equal(small, "{'s");
	brood_dict_set(inner, "nan", NAN);
	brood_dict_set(inner, "inf", -INFINITY);
	assert_non_null(strstr(brood_dict_repr(inner), "{'inf': -inf, 'nan': nan"));
	assert_string_equal(brood_dict_repr((brood_dict *)NULL), "(null)");
	brood_dict_free(inner);
	brood_dict_free(d);
}

static void test_none(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	brood_dict_set_value(d, BROOD_VALUE(1), BROOD_NONE);
	errno = 7;
	assert_null(brood_dict_get(d, 1, int));
	assert_int_equal(errno, 0);
	brood_dict_set(d, 1, 5);
	assert_int_at(d, BROOD_VALUE(1), 5);
	brood_dict_set_value(d, BROOD_VALUE(1), BROOD_NONE);
	assert_int_equal(brood_dict_remove(d, 1), 0);
	brood_dict_free(d);
}

static void test_wrong(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	brood_lock *lock = brood_lock_new();
	int local;
	assert_int_equal(brood_dict_set((brood_dict *)NULL, 1, 1), -EINVAL);
	assert_int_equal(brood_dict_set((brood_dict *)(void *)lock, 1, 1), -EINVAL);
	assert_sentence("lock");
	assert_int_equal(brood_dict_set(d, 1.5, 1), -EINVAL);
	assert_sentence("integer or a string");
	assert_int_equal(brood_dict_set(d, (char *)NULL, 1), -EINVAL);
	assert_int_equal(brood_dict_set_value(d, BROOD_NONE, BROOD_VALUE(1)), -EINVAL);
	assert_int_equal(brood_dict_set_value(d, BROOD_VALUE(1), BROOD_BORROW(&local)), -EINVAL);
	assert_sentence("BROOD_BORROW");
	assert_int_equal(brood_dict_set_value(d, BROOD_VALUE(1), BROOD_SHARE(&local)), -EINVAL);
	assert_int_equal(brood_dict_length(NULL), -EINVAL);
	assert_false(brood_dict_has((brood_dict *)NULL, 1));
	assert_int_equal(errno, EINVAL);
	assert_null(brood_dict_get_as(d, BROOD_VALUE(1), NULL));
	assert_null(brood_dict_keys(d, NULL));
	assert_int_equal(brood_dict_free(NULL), 0);
	assert_int_equal(brood_dict_free((brood_dict *)(void *)lock), -EINVAL);
	assert_int_equal(brood_dict_length(d), 0);
	brood_lock_free(lock);
	brood_dict_free(d);
	assert_int_equal(brood_dict_set(d, 1, 1), -EINVAL);
}

enum { MANY = 5000 };

static void test_many_keys(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	char name[32];
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "key %d", i);
		assert_int_equal(brood_dict_set(d, name, i), 0);
		assert_int_equal(brood_dict_set(d, (long)i << 40, -i), 0);
	}
	assert_int_equal(brood_dict_length(d), 2 * MANY);
	for (int i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "key %d", i);
		assert_int_equal(brood_dict_remove(d, name), 0);
	}
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "key %d", i);
		assert_int_equal(brood_dict_has(d, name), i % 2);
		assert_int_at(d, BROOD_VALUE((long)i << 40), -i);
	}
	size_t count;
	brood_value *keys = brood_dict_keys(d, &count);
	assert_int_equal(count, MANY + MANY / 2);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(keys[i].inside.whole, (long long)i << 40);
	assert_string_equal(keys[MANY].inside.pointer, "key 1");
	for (size_t i = 0; i < count; i++)
		assert_int_equal(brood_dict_remove_key(d, keys[i]), 0);
	brood_free(keys);
	errno = 7;
	assert_null(brood_dict_keys(d, &count));
	assert_int_equal(errno, 0);
	assert_int_equal(count, 0);
	assert_string_equal(brood_dict_repr(d), "{}");
	brood_dict_free(d);
}

typedef struct share {
	brood_dict *dict;
	int from;
} share;
BROOD_TYPE(share, dict, from);

static void fill(void *arg)
{
	const share *s = arg;
	for (int i = s->from; i < s->from + 500; i++) {
		brood_must(brood_dict_set(s->dict, i % 700, i % 700 * 2));
		int *value = brood_must(brood_dict_get(s->dict, i % 700, int));
		if (*value != i % 700 * 2)
			abort();
		brood_free(value);
	}
}

static void test_processes(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	brood_process *p[4];
	for (int i = 0; i < 4; i++)
		p[i] = brood_start(.target = fill,
				   .args = BROOD_ARGS(share, .dict = d, .from = i * 500),
				   .start_method = i % 2 ? "spawn" : "fork");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(brood_process_join(p[i]), 0);
		assert_int_equal(brood_process_exitcode(p[i]), 0);
		brood_process_free(p[i]);
	}
	assert_int_equal(brood_dict_length(d), 700);
	brood_dict_free(d);
}

/* Of whatever type, a number is the same key. */
static void test_negative_keys(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	signed char c = -1;
	short s = -1;
	long l = -1;
	assert_int_equal(brood_dict_set(d, -1, 1), 0);
	assert_true(brood_dict_has(d, c) && brood_dict_has(d, s) && brood_dict_has(d, l));
	assert_false(brood_dict_has(d, 255) || brood_dict_has(d, 65535) ||
		     brood_dict_has(d, 4294967295) || brood_dict_has(d, ULONG_MAX));
	assert_int_equal(brood_dict_set(d, ULONG_MAX, 2), 0);
	assert_int_equal(brood_dict_set(d, LONG_MIN, 3), 0);
	assert_string_equal(brood_dict_repr(d),
			    "{-9223372036854775808: 3, -1: 1, 18446744073709551615: 2}");
	brood_dict_free(d);
}

static void hold_until_wanted(void *arg)
{
	core *lock = &((keeper *)arg)->lock;
	brood_must(core_take(lock, DEADLINE_NEVER));
	note(1);
	while (!(atomic_load(&lock->word) & CORE_WAITED))
		brood_sleep(0.0005);
	core_drop(lock);
}

/* It ends the next wait of the program's own, and loses no change. */
static void test_interrupted(void **state)
{
	(void)state;
	brood_dict *d = brood_dict_new();
	brood_event *event = brood_event_new();
	brood_process *holder = brood_start(.target = hold_until_wanted, .args = BROOD_VALUE(d));
	while (!noted->count)
		brood_sleep(0.0005);
	brood_interrupt();
	assert_int_equal(brood_dict_set(d, 1, 2), 0);
	assert_true(brood_dict_has(d, 1));
	assert_int_equal(brood_event_wait_timed(event, 10), -EINTR);
	assert_int_equal(brood_process_join(holder), 0);
	brood_process_free(holder);
	brood_event_free(event);
	brood_dict_free(d);
}

static void test_namespace(void **state)
{
	(void)state;
	brood_namespace *space = brood_namespace_new();
	assert_string_equal(brood_namespace_repr(space), "Namespace()");
	assert_null(brood_namespace_get(space, "value", int));
	assert_int_equal(errno, ENOENT);
	assert_sentence("'Namespace' object has no attribute 'value'");
	assert_int_equal(brood_namespace_set(space, "size", 3), 0);
	assert_int_equal(brood_namespace_set(space, "name", "Bob"), 0);
	assert_string_equal(brood_namespace_repr(space), "Namespace(name='Bob', size=3)");
	assert_true(brood_namespace_has(space, "size"));
	assert_int_equal(brood_namespace_set(space, "_hidden", 1), -EINVAL);
	assert_sentence("not shared");
	assert_false(brood_namespace_has(space, "_hidden"));
	assert_int_equal(brood_namespace_set(space, NULL, 1), -EINVAL);
	assert_int_equal(brood_namespace_set((brood_namespace *)NULL, "a", 1), -EINVAL);
	char *name = brood_namespace_get(space, "name", brood_string);
	assert_string_equal(name, "Bob");
	brood_free(name);
	assert_int_equal(brood_namespace_remove(space, "size"), 0);
	assert_int_equal(brood_namespace_remove(space, "size"), -ENOENT);
	brood_dict *d = (brood_dict *)(void *)space;
	assert_int_equal(brood_dict_length(d), -EINVAL);
	assert_int_equal(brood_namespace_free(space), 0);
}

int main(int argc, char **argv)
{
	brood_init();
	const struct CMUnitTest tests[] = {
		TEST(test_values),    TEST(test_repr),	      TEST(test_none),
		TEST(test_wrong),     TEST(test_many_keys),   TEST(test_processes),
		TEST(test_namespace), TEST(test_interrupted), TEST(test_negative_keys),
	};
	return harness_main(argc, argv, NULL, 0, tests, sizeof(tests) / sizeof(tests[0]));
}
