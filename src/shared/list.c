/* SPDX-License-Identifier: MIT */
/*
 * An array of cells. What fits at its end is put there and becomes valid with the count; one
 * that is replaced, by a store in its place. All else makes another array, which becomes valid
 * with the pointer to it.
 */

#include <errno.h>
#include <string.h>

#include "brood/shared.h"
#include "shared/cell.h"
#include "shared/keeper.h"

enum { LEAST = 8 };

typedef struct array {
	size_t room;
	_Atomic size_t count;
	cell *_Atomic items[];
} array;

struct brood_list {
	keeper keeper;
	array *_Atomic array; /* NULL: empty */
};

static size_t count_of(const brood_list *list)
{
	const array *a = list->array;
	return a ? a->count : 0;
}

static bool has(keeper *k, const void *block)
{
	const brood_list *list = (brood_list *)k;
	const array *a = list->array;
	for (size_t i = 0; i < count_of(list); i++)
		if (a->items[i] == block)
			return true;
	return a == block;
}

static int lock(brood_list *list)
{
	int r = object_check(list, OBJECT_LIST);
	return r < 0 ? r : keeper_lock(&list->keeper, has);
}

static void unlock(brood_list *list)
{
	keeper_unlock(&list->keeper);
}

brood_list *brood_list_new(void)
{
	return keeper_new(OBJECT_LIST, sizeof(brood_list));
}

/* Where an index is; up to `end` inclusive when one may be put there. */
static int find(const brood_list *list, long index, bool end, size_t *ret)
{
	size_t count = count_of(list);
	const size_t back = 0 - (size_t)index; /* of a negative one */
	size_t at = index < 0 ? count - back : (size_t)index;
	if (index < 0 ? back > count : at >= count + end)
		return error_set(ERANGE, "list index out of range: %ld, the list has %zu", index,
				 count);
	*ret = at;
	return 0;
}

/* An array of the process's own with room for so many, holding those of the list without the one
 * at `out`, and with a place left for one at `in`; SIZE_MAX: none. */
static array *copy_array(const brood_list *list, size_t count, size_t out, size_t in)
{
	size_t room = count < LEAST ? LEAST : in != SIZE_MAX ? count + count / 2 : count;
	array *a = brood_alloc(sizeof(*a) + room * sizeof(a->items[0]));
	const array *old = list->array;
	if (!a)
		return NULL;
	a->room = room;
	a->count = count;
	for (size_t to = 0, from = 0; to < count; to++) {
		if (from == out)
			from++;
		a->items[to] = to == in ? NULL : old->items[from++];
	}
	return a;
}

/* The list is this array now; its old one goes, and so does a cell that is not in it any more. */
static void replace_array(brood_list *list, array *fresh, cell *gone)
{
	keeper_takes(&list->keeper, gone);
	keeper_takes(&list->keeper, list->array);
	keeper_brings(&list->keeper, fresh);
	atomic_store(&list->array, fresh);
	keeper_done(&list->keeper);
}

/* With the lock held; the cell is the process's own. */
static int put_in(brood_list *list, size_t at, cell *c)
{
	size_t count = count_of(list);
	array *a = list->array;
	if (a && at == count && count < a->room) {
		keeper_brings(&list->keeper, c);
		a->items[count] = c;
		atomic_store(&a->count, count + 1);
		keeper_done(&list->keeper);
		return 0;
	}
	a = copy_array(list, count + 1, SIZE_MAX, at);
	if (!a)
		return -errno;
	a->items[at] = c;
	keeper_brings(&list->keeper, c);
	replace_array(list, a, NULL);
	return 0;
}

static int take_out(brood_list *list, size_t at)
{
	size_t count = count_of(list);
	array *a = list->array;
	cell *gone = a->items[at];
	if (at == count - 1) {
		keeper_takes(&list->keeper, gone);
		atomic_store(&a->count, count - 1);
		keeper_done(&list->keeper);
		return 0;
	}
	a = copy_array(list, count - 1, at, SIZE_MAX);
	if (!a)
		return -errno;
	replace_array(list, a, gone);
	return 0;
}

static void replace(brood_list *list, size_t at, cell *c)
{
	array *a = list->array;
	keeper_takes(&list->keeper, a->items[at]);
	keeper_brings(&list->keeper, c);
	atomic_store(&a->items[at], c);
	keeper_done(&list->keeper);
}

enum how { APPEND, INSERT, REPLACE };

static int put_cell(brood_list *list, enum how how, long index, cell *c)
{
	size_t at = 0;
	int r = lock(list);
	if (r < 0)
		return r;
	if (how == APPEND)
		at = count_of(list);
	else
		r = find(list, index, how == INSERT, &at);
	if (r == 0 && how == REPLACE)
		replace(list, at, c);
	else if (r == 0)
		r = put_in(list, at, c);
	unlock(list);
	return r;
}

static int put(brood_list *list, enum how how, long index, const brood_value *value)
{
	cell *c = NULL;
	int r = object_check(list, OBJECT_LIST);
	if (r == 0)
		r = cell_new(value, &c);
	if (r < 0)
		return r;
	r = put_cell(list, how, index, c);
	if (r < 0)
		brood_free(c);
	return r;
}

int brood_list_append_value(brood_list *list, brood_value value)
{
	return put(list, APPEND, 0, &value);
}

int brood_list_insert_value(brood_list *list, long index, brood_value value)
{
	return put(list, INSERT, index, &value);
}

int brood_list_set_value(brood_list *list, long index, brood_value value)
{
	return put(list, REPLACE, index, &value);
}

static int get(brood_list *list, long index, const brood_type *type, bool pop, void **ret)
{
	size_t at;
	if (!type)
		return error_set(EINVAL, "the type is NULL");
	int r = lock(list);
	if (r < 0)
		return r;
	r = find(list, index, false, &at);
	if (r == 0)
		r = cell_copy(list->array->items[at], type, ret);
	if (r == 0 && pop) {
		r = take_out(list, at);
		if (r < 0 && type->kind != BROOD_KIND_HANDLE && type->kind != BROOD_KIND_SHARED)
			brood_free(*ret);
	}
	unlock(list);
	return r;
}

static void *get_or_null(brood_list *list, long index, const brood_type *type, bool pop)
{
	void *value = NULL;
	int r = get(list, index, type, pop, &value);
	if (r < 0)
		return error_to_null(r);
	if (!value)
		errno = 0;
	return value;
}

void *brood_list_get_as(brood_list *list, long index, const brood_type *type)
{
	return get_or_null(list, index, type, false);
}

void *brood_list_pop_as(brood_list *list, long index, const brood_type *type)
{
	return get_or_null(list, index, type, true);
}

/* With the lock held. */
static int find_equal(const brood_list *list, const brood_value *value, size_t *ret)
{
	for (size_t i = 0; i < count_of(list); i++) {
		int r = cell_equals(list->array->items[i], value);
		if (r < 0)
			return r;
		if (r) {
			*ret = i;
			return 0;
		}
	}
	return error_set(ENOENT, "the list has no such value");
}

long brood_list_index_value(brood_list *list, brood_value value)
{
	size_t at;
	int r = lock(list);
	if (r < 0)
		return r;
	r = find_equal(list, &value, &at);
	unlock(list);
	return r < 0 ? r : (long)at;
}

int brood_list_remove_value(brood_list *list, brood_value value)
{
	size_t at;
	int r = lock(list);
	if (r < 0)
		return r;
	r = find_equal(list, &value, &at);
	if (r == 0)
		r = take_out(list, at);
	unlock(list);
	return r;
}

int brood_list_delete(brood_list *list, long index)
{
	size_t at;
	int r = lock(list);
	if (r < 0)
		return r;
	r = find(list, index, false, &at);
	if (r == 0)
		r = take_out(list, at);
	unlock(list);
	return r;
}

int brood_list_clear(brood_list *list)
{
	int r = lock(list);
	if (r < 0)
		return r;
	while (count_of(list) > 0)
		take_out(list, count_of(list) - 1);
	unlock(list);
	return 0;
}

long brood_list_length(brood_list *list)
{
	int r = lock(list);
	if (r < 0)
		return r;
	size_t count = count_of(list);
	unlock(list);
	return (long)count;
}

static int copy_values(const brood_list *list, const brood_type *type, void **values, size_t count)
{
	int r = 0;
	size_t i = 0;
	for (; r == 0 && i < count; i++)
		r = cell_copy(list->array->items[i], type, &values[i]);
	if (r == 0)
		return 0;
	bool copies = type->kind != BROOD_KIND_HANDLE && type->kind != BROOD_KIND_SHARED;
	for (size_t k = 0; copies && k + 1 < i; k++)
		brood_free(values[k]);
	return r;
}

static int list_values(brood_list *list, const brood_type *type, void ***ret, size_t *ret_count)
{
	int r = lock(list);
	if (r < 0)
		return r;
	size_t count = count_of(list);
	void **values = count ? brood_alloc(count * sizeof(*values)) : NULL;
	if (count)
		r = values ? copy_values(list, type, values, count) : -errno;
	unlock(list);
	if (r < 0) {
		brood_free(values);
		return r;
	}
	*ret = values;
	*ret_count = count;
	return 0;
}

void **brood_list_values_as(brood_list *list, const brood_type *type, size_t *ret_count)
{
	void **values = NULL;
	int r = !type	    ? error_set(EINVAL, "the type is NULL")
		: ret_count ? list_values(list, type, &values, ret_count)
			    : error_set(EINVAL, "the place for the number of values is NULL");
	if (r < 0)
		return error_to_null(r);
	errno = 0;
	return values;
}

int brood_list_format(void *any, char *buffer, size_t size)
{
	brood_list *list = any;
	text t = {.buffer = buffer, .size = size};
	int r = lock(list);
	if (r < 0)
		return r;
	text_add(&t, "[");
	for (size_t i = 0; i < count_of(list); i++) {
		text_add(&t, i ? ", " : "");
		cell_print(list->array->items[i], &t);
	}
	text_add(&t, "]");
	unlock(list);
	return (int)t.length;
}

int brood_list_free(brood_list *list)
{
	return object_free(list, OBJECT_LIST);
}
