/* SPDX-License-Identifier: MIT */

#include "shared/cell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "heap/table.h"
#include "type/body.h"
#include "type/fingerprint.h"
#include "type/pickle.h"

static heap_owner me(void)
{
	return table_owner(table_self());
}

static bool is_pointer(const brood_type *type)
{
	return type->kind == BROOD_KIND_HANDLE || type->kind == BROOD_KIND_SHARED;
}

static int keep_pointer(const brood_type *type, void *pointer, cell **ret)
{
	cell *c = pickle_block_new(type, sizeof(pointer), me());
	if (!c)
		return -errno;
	memcpy(pickle_block_body(c), &pointer, sizeof(pointer));
	*ret = c;
	return 0;
}

int cell_new(const brood_value *value, cell **ret)
{
	pickled copied;
	int r = heap_require();
	if (r == 0)
		r = pickle(value, me(), &copied);
	if (r < 0)
		return r;
	if (copied.borrowed)
		return error_set(EINVAL, "a borrowed pointer (BROOD_BORROW) means nothing to "
					 "other processes: share a value");
	if (value->type && is_pointer(value->type))
		return keep_pointer(value->type, copied.arg, ret);
	*ret = copied.block;
	return 0;
}

/* The value in a cell of this type, where it is. */
static brood_value value_in(cell *c, const brood_type *type)
{
	const void *body = pickle_block_body(c);
	if (type->kind != BROOD_KIND_STRING)
		return brood_value_at(type, body);
	return brood_value_of(type, &body);
}

static int check_type(const cell *c, const brood_type *type)
{
	if (c->fingerprint == fingerprint_of(type))
		return 0;
	return error_set(EBADMSG, "the value is a '%s', not a '%s', or one whose fields differ",
			 (const char *)c + c->name, type->name);
}

int cell_copy(cell *c, const brood_type *type, void **ret)
{
	pickled copied;
	if (!c) {
		*ret = NULL;
		return 0;
	}
	int r = check_type(c, type);
	if (r < 0)
		return r;
	brood_value value = value_in(c, type);
	r = pickle(&value, me(), &copied);
	if (r == 0)
		*ret = copied.arg;
	return r;
}

/* The form in which equal values are equal bytes. */
static int flatten(const brood_value *value, void **ret, size_t *ret_size)
{
	const void *from = value->from ? value->from : &value->inside;
	int r = body_measure(value->type, from, BODY_RELATIVE, ret_size);
	if (r < 0)
		return r;
	*ret = malloc(*ret_size + 1);
	if (!*ret)
		return error_set(ENOMEM, "no memory to compare values");
	r = body_write(value->type, from, BODY_RELATIVE, *ret, *ret_size);
	if (r < 0)
		free(*ret);
	return r;
}

static int compare_flat(const brood_value *a, const brood_value *b)
{
	void *one, *other;
	size_t size, other_size;
	int r = flatten(a, &one, &size);
	if (r < 0)
		return r;
	r = flatten(b, &other, &other_size);
	if (r == 0) {
		r = size == other_size && memcmp(one, other, size) == 0;
		free(other);
	}
	free(one);
	return r;
}

int cell_equals(cell *c, const brood_value *value)
{
	if (!c || !value->type)
		return !c && !value->type;
	if (c->fingerprint != fingerprint_of(value->type))
		return 0;
	const void *from = value->from ? value->from : &value->inside;
	if (is_pointer(value->type))
		return memcmp(pickle_block_body(c), from, sizeof(void *)) == 0;
	brood_value kept = value_in(c, value->type);
	return compare_flat(&kept, value);
}

static void print_scalar(const brood_type *type, const void *body, text *t)
{
	union {
		int8_t s8;
		int16_t s16;
		int32_t s32;
		int64_t s64;
		uint64_t whole;
		float single;
		double real;
	} raw = {.whole = 0};
	memcpy(&raw, body, type->size);
	char c = (char)raw.s8;
	switch (type->kind) {
	case BROOD_KIND_BOOL:
		text_add(t, raw.whole ? "True" : "False");
		break;
	case BROOD_KIND_CHAR:
		text_add_quoted(t, &c, 1);
		break;
	case BROOD_KIND_FLOAT:
		if (type->size == sizeof(float))
			text_add_real(t, (double)raw.single, true);
		else
			text_add_real(t, raw.real, false);
		break;
	case BROOD_KIND_SIGNED:
		text_add(t, "%lld",
			 type->size == 1   ? (long long)raw.s8
			 : type->size == 2 ? (long long)raw.s16
			 : type->size == 4 ? (long long)raw.s32
					   : (long long)raw.s64);
		break;
	default:
		text_add(t, "%llu", (unsigned long long)raw.whole);
	}
}

#define BASIC(word, type, kind) &brood_type_##word,

static const brood_type *basic_type(uint64_t fingerprint)
{
	static const brood_type *const types[] = {BROOD_BASIC_TYPES(BASIC)};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (fingerprint_of(types[i]) == fingerprint)
			return types[i];
	return NULL;
}

/* A handle's type is named as it is written, "brood_lock *". */
static void print_other(cell *c, text *t)
{
	const char *name = (const char *)c + c->name;
	const char *star = strstr(name, " *");
	void *pointer;
	if (!star) {
		text_add(t, "<%s>", name);
		return;
	}
	memcpy(&pointer, pickle_block_body(c), sizeof(pointer));
	text_add(t, "<%.*s at %p>", (int)(star - name), name, pointer);
}

void cell_print(cell *c, text *t)
{
	if (!c) {
		text_add(t, "None");
		return;
	}
	const unsigned char *body = pickle_block_body(c);
	const brood_type *type = basic_type(c->fingerprint);
	if (type) {
		print_scalar(type, body, t);
	} else if (c->fingerprint == fingerprint_of(&brood_type_brood_string)) {
		text_add_quoted(t, (const char *)body, strlen((const char *)body));
	} else if (c->fingerprint == fingerprint_of(&brood_type_brood_bytes)) {
		brood_bytes bytes;
		memcpy(&bytes, body, sizeof(bytes));
		text_add(t, "b");
		text_add_quoted(t, bytes.size ? bytes.data : "", bytes.size);
	} else {
		print_other(c, t);
	}
}
