/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <string.h>

static char text[200];

static void dicts(void)
{
	brood_dict *dict = TRY_NEW(brood_dict_new());
	if (!dict)
		expect((dict = brood_dict_new()));
	brood_value key = BROOD_VALUE("key"), value = BROOD_VALUE(5);
	int r = (int)TRY(brood_dict_set_value(dict, key, value));
	expect(brood_dict_length(dict) == (r == 0));
	expect(brood_dict_set_value(dict, key, value) == 0);
	int *found = TRY_NEW(brood_dict_get_as(dict, key, &brood_type_int));
	expect(!found || *found == 5);
	brood_free(found);
	TRY_ANY(brood_dict_has_key(dict, key));
	TRY(brood_dict_length(dict));
	size_t count = 7;
	brood_value *keys = TRY_NEW(brood_dict_keys(dict, &count));
	expect(keys ? count == 1 : faulted());
	brood_free(keys);
	TRY(brood_dict_format(dict, text, sizeof(text)));
	TRY_ANY(brood_shared_repr(brood_dict_format, dict, (char[256]){0}));
	if (TRY(brood_dict_remove_key(dict, key)) < 0)
		expect(brood_dict_remove_key(dict, key) == 0);
	if (TRY(brood_dict_free(dict)) < 0)
		expect(brood_dict_free(dict) == 0);
}

static void lists(void)
{
	brood_list *list = TRY_NEW(brood_list_new());
	if (!list)
		expect((list = brood_list_new()));
	brood_value value = BROOD_VALUE(5);
	int r = (int)TRY(brood_list_append_value(list, value));
	expect(brood_list_length(list) == (r == 0));
	for (int i = 0; i < 6; i++)
		expect(brood_list_append_value(list, value) == 0);
	TRY(brood_list_insert_value(list, 0, value));
	TRY(brood_list_set_value(list, 0, value));
	brood_free(TRY_NEW(brood_list_get_as(list, 0, &brood_type_int)));
	brood_free(TRY_NEW(brood_list_pop_as(list, 0, &brood_type_int)));
	TRY(brood_list_index_value(list, value));
	TRY(brood_list_remove_value(list, value));
	TRY(brood_list_delete(list, 0));
	TRY(brood_list_length(list));
	size_t count = 0;
	void **values = TRY_NEW(brood_list_values_as(list, &brood_type_int, &count));
	for (size_t i = 0; values && i < count; i++)
		brood_free(values[i]);
	brood_free(values);
	TRY(brood_list_format(list, text, sizeof(text)));
	if (TRY(brood_list_clear(list)) < 0)
		expect(brood_list_clear(list) == 0);
	if (TRY(brood_list_free(list)) < 0)
		expect(brood_list_free(list) == 0);
}

static void namespaces(void)
{
	brood_namespace *space = TRY_NEW(brood_namespace_new());
	if (!space)
		expect((space = brood_namespace_new()));
	brood_value value = BROOD_VALUE(5);
	TRY(brood_namespace_set_value(space, "name", value));
	expect(brood_namespace_set_value(space, "name", value) == 0);
	brood_free(TRY_NEW(brood_namespace_get_as(space, "name", &brood_type_int)));
	TRY_ANY(brood_namespace_has(space, "name"));
	TRY(brood_namespace_format(space, text, sizeof(text)));
	if (TRY(brood_namespace_remove(space, "name")) < 0)
		expect(brood_namespace_remove(space, "name") == 0);
	if (TRY(brood_namespace_free(space)) < 0)
		expect(brood_namespace_free(space) == 0);
}

static const operation table[] = {
	{.name = "shared dict", .run = dicts},
	{.name = "shared list", .run = lists},
	{.name = "shared namespace", .run = namespaces},
};
const operations shared_operations = OPERATIONS(table);
