/* SPDX-License-Identifier: MIT */

/*
 * One walk both measures and writes, so that the two cannot disagree; while it
 * measures, base is NULL and nothing is stored.
 */

#include "type/body.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "brood/heap.h"

/* The arrays that the walk is inside of, innermost first. */
typedef struct level {
	const struct level *outer;
	const void *elements;
	const brood_type *type;
} level;

typedef struct writer {
	unsigned char *base;
	size_t used;
	size_t limit; /* the body's size; while measuring, none */
	body_form form;
	unsigned depth;
	const level *level;
	const brood_type *type;	  /* the struct and field at work, for sentences; */
	const brood_field *field; /* NULL at the root */
} writer;

static int write_value(writer *w, const brood_type *type, const unsigned char *from, size_t at);

static int refuse(const writer *w, const char *why)
{
	if (!w->field)
		return error_set(EINVAL, "the value %s", why);
	return error_set(EINVAL, "field '%s' of '%s' %s", w->field->name, w->type->name, why);
}

static void clear(writer *w, size_t at, size_t size)
{
	if (w->base)
		memset(w->base + at, 0, size);
}

/* Takes the next piece of the body; returns where it is through ret_at. */
static int reserve(writer *w, size_t alignment, size_t size, size_t *ret_at)
{
	size_t at = body_align(w->used, alignment);
	if (at > w->limit || size > w->limit - at)
		return refuse(w, w->base ? "grew while it was copied: another thread changes it"
					 : "is larger than memory can be: is its size set?");
	clear(w, w->used, at - w->used);
	w->used = at + size;
	*ret_at = at;
	return 0;
}

static void put(writer *w, size_t at, const void *data, size_t size)
{
	if (w->base)
		memcpy(w->base + at, data, size);
}

static void put_pointer(writer *w, size_t at, size_t piece)
{
	uintptr_t pointer = w->form == BODY_RELATIVE ? piece : (uintptr_t)w->base + piece;
	put(w, at, &pointer, sizeof(pointer));
}

/* The bytes of a bool that was never set may be anything; a receiver must be able to trust them. */
static void put_bools(writer *w, size_t at, const unsigned char *from, size_t n)
{
	for (size_t i = 0; w->base && i < n; i++)
		w->base[at + i] = from[i] != 0;
}

static void put_scalars(writer *w, const brood_type *type, const void *from, size_t at, size_t n)
{
	if (type->kind == BROOD_KIND_BOOL)
		put_bools(w, at, from, n);
	else
		put(w, at, from, n * type->size);
}

/* The characters of a string as the next piece. */
static int write_characters(writer *w, const char *string, size_t *ret_at)
{
	size_t size = strlen(string) + 1;
	int r = reserve(w, 1, size, ret_at);
	if (r == 0)
		put(w, *ret_at, string, size);
	return r;
}

static int write_string(writer *w, const unsigned char *from, size_t at)
{
	const char *string;
	size_t piece = 0;
	memcpy(&string, from, sizeof(string));
	if (!string)
		return 0;
	int r = write_characters(w, string, &piece);
	if (r == 0)
		put_pointer(w, at, piece);
	return r;
}

static int write_bytes(writer *w, const unsigned char *from, size_t at)
{
	brood_bytes bytes;
	size_t piece = 0;
	memcpy(&bytes, from, sizeof(bytes));
	if (bytes.size == 0)
		return 0;
	if (!bytes.data)
		return refuse(w, "is a brood_bytes with a size, but its data is NULL");
	int r = reserve(w, BODY_BYTES_ALIGNMENT, bytes.size, &piece);
	if (r < 0)
		return r;
	put(w, piece, bytes.data, bytes.size);
	put_pointer(w, at + offsetof(brood_bytes, data), piece);
	put(w, at + offsetof(brood_bytes, size), &bytes.size, sizeof(bytes.size));
	return 0;
}

static int write_shared(writer *w, const unsigned char *from, size_t at)
{
	const void *pointer;
	memcpy(&pointer, from, sizeof(pointer));
	if (!pointer)
		return 0;
	if (w->form == BODY_RELATIVE)
		return refuse(w, "is a handle or shared pointer, which means nothing outside its "
				 "family: leave it NULL");
	if (!brood_heap_contains(pointer))
		return refuse(w, "is a handle or shared pointer but does not point into the "
				 "family's heap: make what it points to with brood_alloc()");
	put(w, at, &pointer, sizeof(pointer));
	return 0;
}

static int write_values(writer *w, const brood_type *type, const unsigned char *from, size_t at,
			size_t n)
{
	if (body_is_scalar(type)) {
		put_scalars(w, type, from, at, n);
		return 0;
	}
	int r = 0;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = write_value(w, type, from + i * type->size, at + i * type->size);
	return r;
}

bool body_count(const brood_type *counter, const void *field, uint64_t *ret_count)
{
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} raw = {.u64 = 0};
	memcpy(&raw, field, counter->size);
	uint64_t count = counter->size == 1   ? raw.u8
			 : counter->size == 2 ? raw.u16
			 : counter->size == 4 ? raw.u32
					      : raw.u64;
	bool negative = count >> (8 * counter->size - 1) & 1;
	if (negative && counter->kind == BROOD_KIND_SIGNED)
		return false;
	*ret_count = count;
	return true;
}

/* An array found inside itself would be copied for ever. */
static bool is_inside(const writer *w, const void *elements, const brood_type *type)
{
	for (const level *l = w->level; l; l = l->outer)
		if (l->elements == elements && l->type == type)
			return true;
	return false;
}

static int write_inside(writer *w, const brood_type *type, const unsigned char *elements, size_t at,
			size_t n)
{
	const level here = {w->level, elements, type};
	if (is_inside(w, elements, type))
		return refuse(w, "contains itself: link such structures with BROOD_SHARED");
	if (w->depth == BODY_DEPTH_MAX)
		return refuse(w, "is nested too deep: link such structures with BROOD_SHARED");
	w->level = &here;
	w->depth++;
	clear(w, at, n * type->size);
	int r = write_values(w, type, elements, at, n);
	w->depth--;
	w->level = here.outer;
	return r;
}

/* What a counted field of the struct at from points to. */
static int write_elements(writer *w, const brood_field *field, const unsigned char *from, size_t at)
{
	const unsigned char *elements;
	uint64_t n;
	size_t size, piece;
	memcpy(&elements, from + field->offset, sizeof(elements));
	if (!body_count(field->counter, from + field->counter_offset, &n))
		return refuse(w, "has a negative number of elements");
	if (n == 0)
		return 0;
	if (!elements)
		return refuse(w, "is NULL, but the number of its elements is not 0");
	if (__builtin_mul_overflow(n, field->type->size, &size))
		size = SIZE_MAX; /* which reserve() refuses */
	int r = reserve(w, field->type->alignment, size, &piece);
	if (r < 0)
		return r;
	put_pointer(w, at + field->offset, piece);
	if (!body_is_scalar(field->type))
		return write_inside(w, field->type, elements, piece, n);
	put_scalars(w, field->type, elements, piece, n);
	return 0;
}

static int write_struct(writer *w, const brood_type *type, const unsigned char *from, size_t at)
{
	int r = 0;
	if (!type->fields && type->n_fields)
		return error_set(EINVAL, "the type '%s' has %u fields, but not where they are",
				 type->name, type->n_fields);
	for (uint32_t i = 0; r == 0 && i < body_fields(type); i++) {
		const brood_field *field = &type->fields[i];
		w->type = type;
		w->field = field;
		if (field->counter)
			r = write_elements(w, field, from, at);
		else
			r = write_values(w, field->type, from + field->offset, at + field->offset,
					 field->count);
	}
	return r;
}

/* A value whose place in the body is reserved and zero. */
static int write_value(writer *w, const brood_type *type, const unsigned char *from, size_t at)
{
	switch (type->kind) {
	case BROOD_KIND_BOOL:
	case BROOD_KIND_CHAR:
	case BROOD_KIND_SIGNED:
	case BROOD_KIND_UNSIGNED:
	case BROOD_KIND_FLOAT:
		put_scalars(w, type, from, at, 1);
		return 0;
	case BROOD_KIND_STRING:
		return write_string(w, from, at);
	case BROOD_KIND_BYTES:
		return write_bytes(w, from, at);
	case BROOD_KIND_STRUCT:
		return write_struct(w, type, from, at);
	case BROOD_KIND_HANDLE:
	case BROOD_KIND_SHARED:
		return write_shared(w, from, at);
	default:
		return refuse(w, "is of a kind that cannot be pickled");
	}
}

static int write_root(writer *w, const brood_type *type, const void *from)
{
	size_t at = 0;
	if (type->kind == BROOD_KIND_STRING) {
		const char *string;
		memcpy(&string, from, sizeof(string));
		return string ? write_characters(w, string, &at) : 0;
	}
	int r = reserve(w, type->alignment, type->size, &at);
	if (r < 0)
		return r;
	clear(w, at, type->size);
	return write_value(w, type, from, at);
}

int body_measure(const brood_type *type, const void *from, body_form form, size_t *ret_size)
{
	writer w = {.limit = PTRDIFF_MAX, .form = form};
	int r = write_root(&w, type, from);
	if (r == 0)
		*ret_size = w.used;
	return r;
}

int body_write(const brood_type *type, const void *from, body_form form, void *base, size_t size)
{
	writer w = {.base = base, .limit = size, .form = form};
	int r = write_root(&w, type, from);
	if (r == 0 && w.used != size)
		return error_set(EINVAL,
				 "a value of type '%s' shrank while it was copied: another "
				 "thread changes it",
				 type->name);
	return r;
}
