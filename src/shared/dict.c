/* SPDX-License-Identifier: MIT */

#include "brood/shared.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/map.h"

struct brood_dict {
	trie trie;
};

static int check(const brood_dict *d)
{
	return object_check(d, OBJECT_DICT);
}

brood_dict *brood_dict_new(void)
{
	return keeper_new(OBJECT_DICT, sizeof(brood_dict));
}

/* A dictionary and a key, as a caller gives them. */
static int check_key(const brood_dict *d, const brood_value *value, trie_key *ret)
{
	int r = check(d);
	return r < 0 ? r : trie_key_of(value, ret);
}

/* "no key 3": of a key that is not there. */
static int no_key(const trie_key *key)
{
	char name[64];
	text t = {.buffer = name, .size = sizeof(name)};
	trie_key_print(key, &t);
	return error_set(ENOENT, "the dictionary has no key %s", name);
}

int brood_dict_set_value(brood_dict *d, brood_value key_value, brood_value value)
{
	trie_key key;
	int r = check_key(d, &key_value, &key);
	return r < 0 ? r : map_set(&d->trie, &key, &value);
}

void *brood_dict_get_as(brood_dict *d, brood_value key_value, const brood_type *type)
{
	trie_key key;
	void *value = NULL;
	int r = check_key(d, &key_value, &key);
	if (r == 0)
		r = map_get(&d->trie, &key, type, &value);
	if (r == -ENOENT)
		r = no_key(&key);
	if (r < 0)
		return error_to_null(r);
	if (!value)
		errno = 0;
	return value;
}

bool brood_dict_has_key(brood_dict *d, brood_value key_value)
{
	trie_key key;
	int r = check_key(d, &key_value, &key);
	if (r == 0)
		r = map_has(&d->trie, &key);
	if (r < 0)
		errno = -r;
	return r > 0;
}

int brood_dict_remove_key(brood_dict *d, brood_value key_value)
{
	trie_key key;
	int r = check_key(d, &key_value, &key);
	if (r == 0)
		r = map_remove(&d->trie, &key);
	return r == -ENOENT ? no_key(&key) : r;
}

long brood_dict_length(brood_dict *d)
{
	int r = check(d);
	return r < 0 ? r : map_length(&d->trie);
}

static brood_value value_of(const trie_key *key, char **storage)
{
	if (key->kind == TRIE_STRING) {
		const char *string = strcpy(*storage, key->string);
		*storage += strlen(string) + 1;
		return brood_value_of(&brood_type_brood_string, &string);
	}
	return brood_value_of(key->kind == TRIE_SIGNED ? &brood_type_long_long
						       : &brood_type_unsigned_long_long,
			      &key->number);
}

static brood_value *copy_keys(trie_entry *const *entries, size_t count)
{
	size_t size = count * sizeof(brood_value);
	for (size_t i = 0; i < count; i++)
		if (entries[i]->key.kind == TRIE_STRING)
			size += strlen(entries[i]->key.string) + 1;
	brood_value *keys = brood_alloc(size);
	char *storage = keys ? (char *)(keys + count) : NULL;
	for (size_t i = 0; keys && i < count; i++)
		keys[i] = value_of(&entries[i]->key, &storage);
	return keys;
}

static int list_keys(brood_dict *d, brood_value **ret, size_t *ret_count)
{
	trie_entry **entries;
	int r = keeper_lock(&d->trie.keeper, trie_has);
	if (r < 0)
		return r;
	r = trie_list(&d->trie, &entries, ret_count);
	if (r == 0 && *ret_count) {
		*ret = copy_keys(entries, *ret_count);
		r = *ret ? 0 : -errno;
		free(entries);
	}
	keeper_unlock(&d->trie.keeper);
	return r;
}

brood_value *brood_dict_keys(brood_dict *d, size_t *ret_count)
{
	brood_value *keys = NULL;
	size_t count = 0;
	int r = check(d);
	if (r == 0 && !ret_count)
		r = error_set(EINVAL, "the place for the number of keys is NULL");
	if (r == 0)
		r = list_keys(d, &keys, &count);
	if (r < 0)
		return error_to_null(r);
	*ret_count = count;
	errno = 0;
	return keys;
}

static void print_entry(const trie_entry *e, text *t)
{
	trie_key_print(&e->key, t);
	text_add(t, ": ");
	cell_print(e->value, t);
}

int brood_dict_format(void *any, char *buffer, size_t size)
{
	brood_dict *d = any;
	text t = {.buffer = buffer, .size = size};
	int r = check(d);
	if (r < 0)
		return r;
	text_add(&t, "{");
	r = map_print(&d->trie, print_entry, &t);
	text_add(&t, "}");
	return r < 0 ? r : (int)t.length;
}

int brood_dict_free(brood_dict *d)
{
	return object_free(d, OBJECT_DICT);
}

const char *brood_shared_repr(int (*format)(void *, char *, size_t), void *any, char *buffer)
{
	if (format(any, buffer, BROOD_SHARED_REPR_SIZE) < 0)
		strcpy(buffer, "(null)");
	return buffer;
}
