/* SPDX-License-Identifier: MIT */
#ifndef SHARED_MAP_H
#define SHARED_MAP_H

/* What a dictionary and a namespace do alike: each a whole operation, under the lock. Negative
 * errnos have their sentences, except -ENOENT: there is no such key. */

#include "shared/trie.h"

int map_set(trie *t, const trie_key *key, const brood_value *value);
int map_get(trie *t, const trie_key *key, const brood_type *type, void **ret);
int map_has(trie *t, const trie_key *key); /* 1 or 0 */
int map_remove(trie *t, const trie_key *key);
long map_length(trie *t);

/* Prints all entries in order, with ", " between. */
int map_print(trie *t, void (*print)(const trie_entry *e, text *out), text *out);

#endif
