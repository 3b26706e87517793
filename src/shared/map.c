/* SPDX-License-Identifier: MIT */

#include "shared/map.h"

#include <errno.h>
#include <stdlib.h>

static int put_cell(trie *t, const trie_key *key, cell *c)
{
	int r = keeper_lock(&t->keeper, trie_has);
	if (r < 0)
		return r;
	r = trie_put(t, key, c);
	keeper_unlock(&t->keeper);
	return r;
}

int map_set(trie *t, const trie_key *key, const brood_value *value)
{
	cell *c = NULL;
	int r = cell_new(value, &c);
	if (r < 0)
		return r;
	r = put_cell(t, key, c);
	if (r < 0)
		brood_free(c);
	return r;
}

int map_get(trie *t, const trie_key *key, const brood_type *type, void **ret)
{
	if (!type)
		return error_set(EINVAL, "the type is NULL");
	int r = keeper_lock(&t->keeper, trie_has);
	if (r < 0)
		return r;
	trie_entry *e = trie_find(t, key);
	r = e ? cell_copy(e->value, type, ret) : -ENOENT;
	keeper_unlock(&t->keeper);
	return r;
}

int map_has(trie *t, const trie_key *key)
{
	int r = keeper_lock(&t->keeper, trie_has);
	if (r < 0)
		return r;
	r = trie_find(t, key) != NULL;
	keeper_unlock(&t->keeper);
	return r;
}

int map_remove(trie *t, const trie_key *key)
{
	int r = keeper_lock(&t->keeper, trie_has);
	if (r < 0)
		return r;
	r = trie_remove(t, key) ? 0 : -ENOENT;
	keeper_unlock(&t->keeper);
	return r;
}

long map_length(trie *t)
{
	int r = keeper_lock(&t->keeper, trie_has);
	if (r < 0)
		return r;
	size_t count = trie_count(t);
	keeper_unlock(&t->keeper);
	return (long)count;
}

int map_print(trie *t, void (*print)(const trie_entry *e, text *out), text *out)
{
	trie_entry **entries;
	size_t count;
	int r = keeper_lock(&t->keeper, trie_has);
	if (r < 0)
		return r;
	r = trie_list(t, &entries, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		text_add(out, i ? ", " : "");
		print(entries[i], out);
	}
	if (r == 0)
		free(entries);
	keeper_unlock(&t->keeper);
	return r;
}
