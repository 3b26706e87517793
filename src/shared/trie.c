/* SPDX-License-Identifier: MIT */

#include "shared/trie.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "type/hash.h"

enum { BITS = 4, NODE = 1 };

/* A place is empty, or holds an entry, or a node, whose address has the lowest bit set. */
typedef _Atomic uintptr_t place;

typedef struct node {
	place places[TRIE_FANOUT];
} node;

static node *node_in(uintptr_t word)
{
	return word & NODE ? (node *)(word - NODE) : NULL;
}

static size_t turn(uint64_t hash, unsigned level)
{
	return hash >> (BITS * level) & (TRIE_FANOUT - 1);
}

static int number_key(const brood_type *type, const void *from, trie_key *ret)
{
	uint64_t whole = 0;
	unsigned above = 8 * (unsigned)(sizeof(whole) - type->size);
	memcpy(&whole, from, type->size);
	if (type->kind != BROOD_KIND_UNSIGNED && type->kind != BROOD_KIND_BOOL)
		whole = (uint64_t)((int64_t)(whole << above) >> above); /* with its sign */
	bool large = type->kind == BROOD_KIND_UNSIGNED && whole > INT64_MAX;
	*ret = (trie_key){.kind = large ? TRIE_UNSIGNED : TRIE_SIGNED, .number = whole};
	ret->hash = hash_word(hash_word(HASH_START, ret->kind), whole);
	return 0;
}

static int string_key(const void *from, trie_key *ret)
{
	const char *string;
	memcpy(&string, from, sizeof(string));
	if (!string)
		return error_set(EINVAL, "a key is NULL: it must be an integer or a string");
	*ret = (trie_key){.kind = TRIE_STRING, .string = string};
	ret->hash = hash_bytes(hash_word(HASH_START, TRIE_STRING), string, strlen(string));
	return 0;
}

int trie_key_of(const brood_value *value, trie_key *ret)
{
	const void *from = value->from ? value->from : &value->inside;
	switch (value->type ? value->type->kind : BROOD_KIND_UNKNOWN) {
	case BROOD_KIND_BOOL:
	case BROOD_KIND_CHAR:
	case BROOD_KIND_SIGNED:
	case BROOD_KIND_UNSIGNED:
		return number_key(value->type, from, ret);
	case BROOD_KIND_STRING:
		return string_key(from, ret);
	default:
		return error_set(EINVAL, "a key is a '%s': it must be an integer or a string",
				 value->type ? value->type->name : "None");
	}
}

static bool same_key(const trie_key *a, const trie_key *b)
{
	if (a->hash != b->hash || a->kind != b->kind)
		return false;
	return a->kind == TRIE_STRING ? strcmp(a->string, b->string) == 0 : a->number == b->number;
}

/* The place where a hash's entries are, or would be. */
static place *find_place(trie *t, uint64_t hash, unsigned *ret_level)
{
	unsigned level = 0;
	place *at = &t->root[turn(hash, level)];
	for (node *n; (n = node_in(*at));)
		at = &n->places[turn(hash, ++level)];
	*ret_level = level;
	return at;
}

/* The link that leads to a key's entry; or to where the chain ends, when it has none. */
static place *find_link(place *at, const trie_key *key)
{
	for (trie_entry *e; (e = (trie_entry *)*at) && !same_key(&e->key, key);)
		at = &e->next;
	return at;
}

trie_entry *trie_find(trie *t, const trie_key *key)
{
	unsigned level;
	return (trie_entry *)*find_link(find_place(t, key->hash, &level), key);
}

static trie_entry *entry_new(const trie_key *key, cell *value)
{
	size_t size = key->kind == TRIE_STRING ? strlen(key->string) + 1 : 0;
	trie_entry *e = brood_alloc(sizeof(*e) + size);
	if (!e)
		return NULL;
	*e = (trie_entry){.value = value, .key = *key};
	if (size)
		e->key.string = memcpy(e->string, key->string, size);
	return e;
}

/*
 * Nodes, one below the other, down to where two hashes part. Returns what to put where `there` is
 * now, or 0; the nodes are the process's own, and *ret_nodes of them in nodes[].
 */
static uintptr_t branch(trie_entry *there, trie_entry *e, unsigned level, void **nodes,
			uint32_t *ret_nodes)
{
	place top = 0;
	place *at = &top;
	size_t a, b;
	do {
		node *n = brood_calloc(1, sizeof(*n));
		if (!n)
			return 0;
		nodes[(*ret_nodes)++] = n;
		*at = (uintptr_t)n | NODE;
		level++;
		a = turn(there->key.hash, level);
		b = turn(e->key.hash, level);
		at = &n->places[a];
	} while (a == b);
	node *last = nodes[*ret_nodes - 1];
	last->places[a] = (uintptr_t)there;
	last->places[b] = (uintptr_t)e;
	return top;
}

/* Whatever happens, the count is of a state that was. */
static void commit(trie *t, place *where, uintptr_t what, int more)
{
	uint64_t count = trie_count(t);
	atomic_fetch_add(&t->changes, 1);
	atomic_store(where, what);
	atomic_store(&t->count, count + (uint64_t)more);
	atomic_store(&t->counted, atomic_load(&t->changes));
}

static int insert(trie *t, const trie_key *key, cell *value)
{
	unsigned level;
	void *nodes[KEEPER_LOG];
	uint32_t n = 0;
	place *at = find_place(t, key->hash, &level);
	trie_entry *there = (trie_entry *)*at;
	trie_entry *e = entry_new(key, value);
	if (!e)
		return -errno;
	uintptr_t what = (uintptr_t)e;
	if (there && there->key.hash == key->hash)
		e->next = (uintptr_t)there;
	else if (there)
		what = branch(there, e, level, nodes, &n);
	if (!what) {
		while (n > 0)
			brood_free(nodes[--n]);
		brood_free(e);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		keeper_brings(&t->keeper, nodes[i]);
	keeper_brings(&t->keeper, e);
	keeper_brings(&t->keeper, value);
	commit(t, at, what, 1);
	keeper_done(&t->keeper);
	return 0;
}

int trie_put(trie *t, const trie_key *key, cell *value)
{
	trie_entry *e = trie_find(t, key);
	if (!e)
		return insert(t, key, value);
	keeper_takes(&t->keeper, e->value);
	keeper_brings(&t->keeper, value);
	atomic_store(&e->value, value);
	keeper_done(&t->keeper);
	return 0;
}

bool trie_remove(trie *t, const trie_key *key)
{
	unsigned level;
	place *link = find_link(find_place(t, key->hash, &level), key);
	trie_entry *e = (trie_entry *)*link;
	if (!e)
		return false;
	keeper_takes(&t->keeper, e->value);
	keeper_takes(&t->keeper, e);
	commit(t, link, e->next, -1);
	keeper_done(&t->keeper);
	return true;
}

/* Calls visit for each block until it returns true; whether it did. */
typedef bool visitor(void *block, bool is_entry, void *argument);

static bool walk(place *places, visitor *visit, void *argument)
{
	for (int i = 0; i < TRIE_FANOUT; i++) {
		node *n = node_in(places[i]);
		if (n && (visit(n, false, argument) || walk(n->places, visit, argument)))
			return true;
		trie_entry *e = n ? NULL : (trie_entry *)places[i];
		for (; e; e = (trie_entry *)e->next)
			if (visit(e, true, argument))
				return true;
	}
	return false;
}

static bool is_block(void *block, bool is_entry, void *argument)
{
	return block == argument || (is_entry && ((trie_entry *)block)->value == argument);
}

bool trie_has(keeper *k, const void *block)
{
	return walk(((trie *)k)->root, is_block, (void *)(uintptr_t)block);
}

typedef struct listing {
	trie_entry **entries; /* NULL: they are counted only */
	size_t count;
} listing;

static bool list_entry(void *block, bool is_entry, void *argument)
{
	listing *l = argument;
	if (is_entry && l->entries)
		l->entries[l->count] = block;
	l->count += is_entry;
	return false;
}

size_t trie_count(trie *t)
{
	if (atomic_load(&t->counted) != atomic_load(&t->changes)) {
		listing l = {0};
		walk(t->root, list_entry, &l);
		atomic_store(&t->count, l.count);
		atomic_store(&t->counted, atomic_load(&t->changes));
	}
	return atomic_load(&t->count);
}

static int compare_keys(const trie_key *a, const trie_key *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == TRIE_STRING)
		return strcmp(a->string, b->string);
	if (a->kind == TRIE_SIGNED)
		return ((int64_t)a->number > (int64_t)b->number) -
		       ((int64_t)a->number < (int64_t)b->number);
	return (a->number > b->number) - (a->number < b->number);
}

static int compare(const void *a, const void *b)
{
	return compare_keys(&(*(trie_entry *const *)a)->key, &(*(trie_entry *const *)b)->key);
}

int trie_list(trie *t, trie_entry ***ret, size_t *ret_count)
{
	listing l = {0};
	size_t count = trie_count(t);
	if (count) {
		l.entries = malloc(count * sizeof(l.entries[0]));
		if (!l.entries)
			return error_set(ENOMEM, "no memory to list %zu keys", count);
		walk(t->root, list_entry, &l);
		qsort(l.entries, count, sizeof(l.entries[0]), compare);
	}
	*ret = l.entries;
	*ret_count = count;
	return 0;
}

void trie_key_print(const trie_key *key, text *t)
{
	if (key->kind == TRIE_STRING)
		text_add_quoted(t, key->string, strlen(key->string));
	else if (key->kind == TRIE_SIGNED)
		text_add(t, "%lld", (long long)key->number);
	else
		text_add(t, "%llu", (unsigned long long)key->number);
}
