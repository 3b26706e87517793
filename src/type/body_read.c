/* SPDX-License-Identifier: MIT */

/*
 * The reader of bytes that nobody vouches for. It walks as the writer did and
 * keeps a cursor: a pointer is right only if it leads exactly there, so no piece
 * can overlap another, be read twice or lie outside, and what remains bounds
 * every size. The bytes between fields and pieces must be zero.
 */

#include "type/body.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

_Static_assert(sizeof(void *) == sizeof(uint64_t), "a pointer is read as a word");

typedef struct reader {
	const unsigned char *body;
	unsigned char *base; /* where it is written */
	size_t size;
	size_t cursor;
	unsigned depth;
	const brood_type *type;	  /* the struct and field at work, for sentences; */
	const brood_field *field; /* NULL at the root */
} reader;

static int read_value(reader *r, const brood_type *type, size_t at);

static int refuse(const reader *r, const char *why)
{
	if (!r->field)
		return error_set(EBADMSG, "the data is damaged: the value %s", why);
	return error_set(EBADMSG, "the data is damaged: field '%s' of '%s' %s", r->field->name,
			 r->type->name, why);
}

static int copy_padding(reader *r, size_t at, size_t end)
{
	for (size_t i = at; i < end; i++)
		if (r->body[i] != 0)
			return refuse(r, "has padding next to it that is not zero");
	memset(r->base + at, 0, end - at);
	return 0;
}

static uint64_t word_at(const reader *r, size_t at)
{
	uint64_t word;
	memcpy(&word, r->body + at, sizeof(word));
	return word;
}

static void put_word(reader *r, size_t at, uint64_t word)
{
	memcpy(r->base + at, &word, sizeof(word));
}

/* Takes the next piece, to which the pointer at a place must lead, and writes the pointer. */
static int take(reader *r, size_t pointer_at, size_t alignment, size_t size, size_t *ret_at)
{
	size_t at = body_align(r->cursor, alignment);
	if (word_at(r, pointer_at) != at)
		return refuse(r, "does not point to where its content must be");
	if (at > r->size || size > r->size - at)
		return refuse(r, "has a size beyond the end");
	int failed = copy_padding(r, r->cursor, at);
	if (failed)
		return failed;
	put_word(r, pointer_at, (uintptr_t)r->base + at);
	r->cursor = at + size;
	*ret_at = at;
	return 0;
}

static int read_scalars(reader *r, const brood_type *type, size_t at, size_t n)
{
	if (type->kind == BROOD_KIND_BOOL)
		for (size_t i = 0; i < n; i++)
			if (r->body[at + i] > 1)
				return refuse(r, "is a bool but neither 0 nor 1");
	memcpy(r->base + at, r->body + at, n * type->size);
	return 0;
}

/* The characters of a string at the cursor, which its NUL ends. */
static int read_characters(reader *r)
{
	const unsigned char *string = r->body + r->cursor;
	const unsigned char *nul = memchr(string, '\0', r->size - r->cursor);
	if (!nul)
		return refuse(r, "is a string without an end");
	size_t size = (size_t)(nul - string) + 1;
	memcpy(r->base + r->cursor, string, size);
	r->cursor += size;
	return 0;
}

static int read_string(reader *r, size_t at)
{
	size_t piece = 0;
	if (word_at(r, at) == 0) {
		put_word(r, at, 0);
		return 0;
	}
	int failed = take(r, at, 1, 0, &piece);
	return failed ? failed : read_characters(r);
}

static int read_bytes(reader *r, size_t at)
{
	const size_t data_at = at + offsetof(brood_bytes, data);
	const size_t size_at = at + offsetof(brood_bytes, size);
	uint64_t size = word_at(r, size_at);
	size_t piece = 0;
	put_word(r, size_at, size);
	if (size == 0) {
		if (word_at(r, data_at) != 0)
			return refuse(r, "is an empty brood_bytes whose data is not NULL");
		put_word(r, data_at, 0);
		return 0;
	}
	int failed = take(r, data_at, BODY_BYTES_ALIGNMENT, size, &piece);
	if (!failed)
		memcpy(r->base + piece, r->body + piece, size);
	return failed;
}

static int read_shared(reader *r, size_t at)
{
	if (word_at(r, at) != 0)
		return refuse(r, "is a handle or shared pointer but not NULL");
	put_word(r, at, 0);
	return 0;
}

static int read_values(reader *r, const brood_type *type, size_t at, size_t n)
{
	if (body_is_scalar(type))
		return read_scalars(r, type, at, n);
	int failed = 0;
	for (size_t i = 0; !failed && i < n; i++)
		failed = read_value(r, type, at + i * type->size);
	return failed;
}

/* What a counted field of the struct at a place points to. */
static int read_elements(reader *r, const brood_field *field, size_t at)
{
	const size_t pointer_at = at + field->offset;
	uint64_t n;
	size_t size, piece;
	if (!body_count(field->counter, r->body + at + field->counter_offset, &n))
		return refuse(r, "has a negative number of elements");
	if (n == 0) {
		if (word_at(r, pointer_at) != 0)
			return refuse(r, "has no elements but is not NULL");
		put_word(r, pointer_at, 0);
		return 0;
	}
	if (__builtin_mul_overflow(n, field->type->size, &size))
		return refuse(r, "has more elements than memory can hold");
	if (r->depth == BODY_DEPTH_MAX)
		return refuse(r, "is nested too deep");
	int failed = take(r, pointer_at, field->type->alignment, size, &piece);
	if (failed)
		return failed;
	r->depth++;
	failed = read_values(r, field->type, piece, n);
	r->depth--;
	return failed;
}

static size_t field_size(const brood_field *field)
{
	return field->counter ? sizeof(void *) : (size_t)field->count * field->type->size;
}

static int read_struct(reader *r, const brood_type *type, size_t at)
{
	size_t end = 0;
	for (uint32_t i = 0; i < body_fields(type); i++) {
		const brood_field *field = &type->fields[i];
		r->type = type;
		r->field = field;
		int failed = copy_padding(r, at + end, at + field->offset);
		if (failed)
			return failed;
		if (field->counter)
			failed = read_elements(r, field, at);
		else
			failed = read_values(r, field->type, at + field->offset, field->count);
		if (failed)
			return failed;
		end = field->offset + field_size(field);
	}
	return copy_padding(r, at + end, at + type->size);
}

/* A value all of whose place is within the body. */
static int read_value(reader *r, const brood_type *type, size_t at)
{
	switch (type->kind) {
	case BROOD_KIND_BOOL:
	case BROOD_KIND_CHAR:
	case BROOD_KIND_SIGNED:
	case BROOD_KIND_UNSIGNED:
	case BROOD_KIND_FLOAT:
		return read_scalars(r, type, at, 1);
	case BROOD_KIND_STRING:
		return read_string(r, at);
	case BROOD_KIND_BYTES:
		return read_bytes(r, at);
	case BROOD_KIND_STRUCT:
		return read_struct(r, type, at);
	case BROOD_KIND_HANDLE:
	case BROOD_KIND_SHARED:
		return read_shared(r, at);
	default:
		return refuse(r, "is of a kind that cannot be read");
	}
}

static int read_root(reader *r, const brood_type *type)
{
	if (type->kind == BROOD_KIND_STRING)
		return read_characters(r);
	if (type->size > r->size)
		return refuse(r, "is cut short");
	r->cursor = type->size;
	return read_value(r, type, 0);
}

int body_read(const brood_type *type, const void *body, size_t size, void *base)
{
	reader r = {.body = body, .base = base, .size = size};
	int failed = read_root(&r, type);
	if (failed)
		return failed;
	if (r.cursor != size)
		return error_set(EBADMSG, "the data is damaged: %zu bytes follow the value",
				 size - r.cursor);
	return 0;
}
