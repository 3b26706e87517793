/* SPDX-License-Identifier: MIT */
#ifndef SHARED_TRIE_H
#define SHARED_TRIE_H

/*
 * Entries by key: a tree of nodes with 16 places each, in which the bits of the key's hash lead,
 * four at a level. It grows by one store into one place, and never moves what is in it, which a
 * hash table that is enlarged would. Entries of equal hashes are chained.
 *
 * All under the lock of its keeper.
 */

#include "shared/cell.h"
#include "shared/keeper.h"

enum { TRIE_FANOUT = 16 };

enum trie_key_kind { TRIE_SIGNED, TRIE_UNSIGNED, TRIE_STRING };

typedef struct trie_key {
	enum trie_key_kind kind; /* UNSIGNED: what no long long can hold */
	uint64_t number;
	const char *string;
	uint64_t hash;
} trie_key;

typedef struct trie_entry {
	_Atomic uintptr_t next; /* of the same hash */
	cell *_Atomic value;
	trie_key key; /* the string is behind it */
	char string[];
} trie_entry;

typedef struct trie {
	keeper keeper;
	_Atomic uint64_t changes; /* count is of this many changes, */
	_Atomic uint64_t counted; /* or has to be counted */
	_Atomic uint64_t count;
	_Atomic uintptr_t root[TRIE_FANOUT];
} trie;

/* The key that a value is: an integer or a string; else -EINVAL with its sentence. */
int trie_key_of(const brood_value *value, trie_key *ret);

/* As for the keeper's functions. */
bool trie_has(keeper *k, const void *block);

trie_entry *trie_find(trie *t, const trie_key *key);

/* Puts a value, a block of the calling process, at a key, in place of one that is there. 0 or
 * -ENOMEM; then the value is still the caller's. */
int trie_put(trie *t, const trie_key *key, cell *value);

/* Removes the key, if it is there. */
bool trie_remove(trie *t, const trie_key *key);

size_t trie_count(trie *t);

/* All entries, ordered: numbers first, then strings. malloc()ed; NULL also when there is none. 0 or
 * -ENOMEM. */
int trie_list(trie *t, trie_entry ***ret, size_t *ret_count);

/* As text_add(): 3 or 'text'. */
void trie_key_print(const trie_key *key, text *t);

#endif
