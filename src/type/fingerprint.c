/* SPDX-License-Identifier: MIT */

#include "type/fingerprint.h"

#include <string.h>

#include "type/body.h"
#include "type/hash.h"

uint64_t fingerprint_scalars[BROOD_KIND_FLOAT + 1][17];

/* The types that are being described, innermost first: a type may contain itself. */
typedef struct nesting {
	const brood_type *type;
	const struct nesting *outer;
} nesting;

static uint64_t hash_type(uint64_t hash, const brood_type *type, const nesting *outer);

static uint64_t hash_field(uint64_t hash, const brood_field *field, const nesting *outer)
{
	hash = hash_bytes(hash, field->name, strlen(field->name));
	hash = hash_word(hash, field->offset);
	hash = hash_word(hash, field->count);
	hash = hash_word(hash, field->counter != NULL);
	if (field->counter) {
		hash = hash_type(hash, field->counter, NULL);
		hash = hash_word(hash, field->counter_offset);
	}
	return hash_type(hash, field->type, outer);
}

static uint64_t hash_type(uint64_t hash, const brood_type *type, const nesting *outer)
{
	uint64_t depth = 1;
	for (const nesting *n = outer; n; n = n->outer, depth++)
		if (n->type == type)
			return hash_word(hash, depth);

	hash = hash_word(hash, 0);
	hash = hash_word(hash, (uint64_t)type->kind);
	hash = hash_word(hash, type->size);
	if (type->kind == BROOD_KIND_HANDLE || type->kind == BROOD_KIND_STRUCT)
		hash = hash_bytes(hash, type->name, strlen(type->name));
	if (type->kind != BROOD_KIND_STRUCT)
		return hash;

	nesting here = {type, outer};
	hash = hash_word(hash, type->alignment);
	hash = hash_word(hash, type->n_fields);
	for (uint32_t i = 0; i < body_fields(type); i++)
		hash = hash_field(hash, &type->fields[i], &here);
	return hash;
}

uint64_t fingerprint_make(const brood_type *type, uint64_t *cache)
{
	uint64_t made = hash_type(HASH_START, type, NULL);
	if (made == 0)
		made = 1;
	if (cache)
		__atomic_store_n(cache, made, __ATOMIC_RELAXED);
	return made;
}
