/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "brood/shared.h"
#include "shared/map.h"

struct brood_namespace {
	trie trie;
};

brood_namespace *brood_namespace_new(void)
{
	return keeper_new(OBJECT_NAMESPACE, sizeof(brood_namespace));
}

/* A namespace and a name, as a caller gives them. */
static int check_name(const brood_namespace *space, const char *name, trie_key *ret)
{
	int r = object_check(space, OBJECT_NAMESPACE);
	if (r < 0)
		return r;
	if (!name)
		return error_set(EINVAL, "the attribute's name is NULL");
	if (*name == '_')
		return error_set(EINVAL,
				 "names that begin with '_' are not shared: call '%s' otherwise",
				 name);
	brood_value value = brood_value_of(&brood_type_brood_string, &name);
	return trie_key_of(&value, ret);
}

static int no_attribute(const char *name)
{
	return error_set(ENOENT, "'Namespace' object has no attribute '%s'", name);
}

int brood_namespace_set_value(brood_namespace *space, const char *name, brood_value value)
{
	trie_key key;
	int r = check_name(space, name, &key);
	return r < 0 ? r : map_set(&space->trie, &key, &value);
}

void *brood_namespace_get_as(brood_namespace *space, const char *name, const brood_type *type)
{
	trie_key key;
	void *value = NULL;
	int r = check_name(space, name, &key);
	if (r == 0)
		r = map_get(&space->trie, &key, type, &value);
	if (r == -ENOENT)
		r = no_attribute(name);
	if (r < 0)
		return error_to_null(r);
	if (!value)
		errno = 0;
	return value;
}

bool brood_namespace_has(brood_namespace *space, const char *name)
{
	trie_key key;
	int r = check_name(space, name, &key);
	if (r == 0)
		r = map_has(&space->trie, &key);
	if (r < 0)
		errno = -r;
	return r > 0;
}

int brood_namespace_remove(brood_namespace *space, const char *name)
{
	trie_key key;
	int r = check_name(space, name, &key);
	if (r == 0)
		r = map_remove(&space->trie, &key);
	return r == -ENOENT ? no_attribute(name) : r;
}

static void print_attribute(const trie_entry *e, text *t)
{
	text_add(t, "%s=", e->key.string);
	cell_print(e->value, t);
}

int brood_namespace_format(void *any, char *buffer, size_t size)
{
	brood_namespace *space = any;
	text t = {.buffer = buffer, .size = size};
	int r = object_check(space, OBJECT_NAMESPACE);
	if (r < 0)
		return r;
	text_add(&t, "Namespace(");
	r = map_print(&space->trie, print_attribute, &t);
	text_add(&t, ")");
	return r < 0 ? r : (int)t.length;
}

int brood_namespace_free(brood_namespace *space)
{
	return object_free(space, OBJECT_NAMESPACE);
}
