/* SPDX-License-Identifier: MIT */

#include "type/pickle_block.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "type/fingerprint.h"

#define PICKLE_MAGIC UINT64_C(0x5c0b7e1df00db10c)

pickle_header *pickle_block_named(const char *name, uint64_t fingerprint, size_t body_size,
				  heap_owner owner)
{
	size_t name_size = strlen(name) + 1;
	size_t size;
	if (__builtin_add_overflow(body_size, name_size + PICKLE_HEADER_SIZE, &size))
		return error_null(ENOMEM, "a value of type '%s' of %zu bytes is too large", name,
				  body_size);
	pickle_header *block = heap_alloc(PICKLE_HEADER_SIZE, size, owner);
	if (!block)
		return NULL;
	*block = (pickle_header){
		.magic = PICKLE_MAGIC,
		.size = size,
		.fingerprint = fingerprint,
		.name = size - name_size,
	};
	memcpy((char *)block + block->name, name, name_size);
	return block;
}

pickle_header *pickle_block_new(const brood_type *type, size_t body_size, heap_owner owner)
{
	return pickle_block_named(type->name, fingerprint_of(type), body_size, owner);
}

const pickle_header *pickle_block_of(const void *value)
{
	const pickle_header *block = heap_block_of(value);
	if (!block || (const unsigned char *)block + PICKLE_HEADER_SIZE != value ||
	    block->magic != PICKLE_MAGIC)
		return NULL;
	return block;
}

const char *brood_type_name(const void *value)
{
	if (!value) {
		error_absent("value");
		return NULL;
	}
	const pickle_header *block = pickle_block_of(value);
	if (!block)
		return error_null(EINVAL, "the pointer is not to a copied value, which knows its "
					  "type; is it to a part of one, or a handle?");
	return (const char *)block + block->name;
}

bool brood_type_is(const void *value, const brood_type *type)
{
	const pickle_header *block = value ? pickle_block_of(value) : NULL;
	return block && type && block->fingerprint == fingerprint_of(type);
}
