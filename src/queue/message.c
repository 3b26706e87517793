/* SPDX-License-Identifier: MIT */

#include "queue/message.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "heap/account.h"
#include "heap/block.h"
#include "type/body.h"
#include "type/fingerprint.h"
#include "type/pickle.h"

/* What a type allows; remembered for the type that a thread has used last. */
typedef struct traits {
	uint64_t fingerprint;
	bool flat;     /* a body of type->size, without pointers into itself */
	bool verbatim; /* and each of its bytes may be copied unseen: no padding, bool or handle */
} traits;

static traits look_at(const brood_type *type)
{
	traits all = {.flat = true, .verbatim = true};
	size_t bytes = 0;
	if (type->kind != BROOD_KIND_STRUCT) {
		bool handle = type->kind == BROOD_KIND_HANDLE || type->kind == BROOD_KIND_SHARED;
		all.flat = body_is_scalar(type) || handle;
		all.verbatim = body_is_scalar(type) && type->kind != BROOD_KIND_BOOL;
		return all;
	}
	for (uint32_t i = 0; i < body_fields(type); i++) {
		const brood_field *field = &type->fields[i];
		if (field->counter)
			return (traits){0};
		traits one = look_at(field->type);
		all.flat = all.flat && one.flat;
		all.verbatim = all.verbatim && one.verbatim;
		bytes += (size_t)field->type->size * field->count;
	}
	all.verbatim = all.verbatim && bytes == type->size;
	return all;
}

static traits traits_of(const brood_type *type, uint64_t fingerprint)
{
	static _Thread_local traits last __attribute__((tls_model("initial-exec")));
	if (last.fingerprint != fingerprint) {
		last = look_at(type);
		last.fingerprint = fingerprint;
	}
	return last;
}

bool message_is_flat(const brood_type *type)
{
	bool value = type->kind == BROOD_KIND_STRUCT || body_is_scalar(type);
	return value && traits_of(type, fingerprint_of(type)).flat;
}

bool message_is_verbatim(const brood_type *type)
{
	return message_is_flat(type) && traits_of(type, fingerprint_of(type)).verbatim;
}

static int pack_inline(const brood_type *type, const void *from, size_t size, void *scratch,
		       parcel *ret)
{
	if (!ret->from) {
		int r = body_write(type, from, BODY_ABSOLUTE, scratch, size);
		if (r < 0)
			return r;
		ret->from = scratch;
	}
	ret->what = MESSAGE_INLINE;
	ret->size = (uint32_t)size;
	ret->name = type->name;
	return 0;
}

static int pack_pickled(const brood_value *value, parcel *ret)
{
	pickled copy;
	int r = pickle(value, account_me(), &copy);
	if (r < 0)
		return r;
	if (copy.borrowed)
		return error_set(EINVAL,
				 "a borrowed pointer cannot be put in a queue: whoever gets "
				 "it has other memory; copy the value, or use BROOD_SHARE");
	ret->pointer = copy.arg;
	ret->what = copy.block ? MESSAGE_BLOCK : copy.arg ? MESSAGE_POINTER : MESSAGE_NONE;
	ret->from = &ret->pointer;
	ret->size = sizeof(ret->pointer);
	return 0;
}

int parcel_pack(const brood_value *value, size_t room, void *scratch, parcel *ret)
{
	const brood_type *type = value->type;
	*ret = (parcel){.what = MESSAGE_NONE};
	if (!type)
		return 0;
	if (type->kind == BROOD_KIND_UNKNOWN)
		return error_absent("the pointer to the value");
	ret->fingerprint = fingerprint_of(type);
	const void *from = value->from ? value->from : &value->inside;
	if (type->kind == BROOD_KIND_STRUCT || body_is_scalar(type)) {
		traits is = traits_of(type, ret->fingerprint);
		if (is.verbatim)
			ret->from = from;
		if (is.flat && type->size <= room)
			return pack_inline(type, from, type->size, scratch, ret);
	} else if (type->kind == BROOD_KIND_STRING) {
		size_t size;
		int r = body_measure(type, from, BODY_ABSOLUTE, &size);
		if (r < 0)
			return r;
		if (size > 0 && size <= room)
			return pack_inline(type, from, size, scratch, ret);
	}
	return pack_pickled(value, ret);
}

void parcel_drop(const parcel *p)
{
	if (p->what == MESSAGE_BLOCK)
		brood_free(p->pointer);
}

static pickle_header *header_of(const void *value)
{
	return (pickle_header *)((uintptr_t)value - PICKLE_HEADER_SIZE);
}

void message_stamp(void *value, uint64_t key)
{
	header_of(value)->key = key;
}

static bool find_ours(const void *value, uint64_t key, heap_owner queue, block *ret)
{
	return value && block_find(value, ret) && ret->owner == queue &&
	       ret->start == (char *)header_of(value) && header_of(value)->key == key;
}

bool message_may_be_given(const void *value, heap_owner me)
{
	block found;
	return block_find(value, &found) && (found.owner == me || found.owner == HEAP_OWNER_FAMILY);
}

bool message_is_ours(const void *value, uint64_t key, heap_owner queue)
{
	block found;
	return find_ours(value, key, queue, &found);
}

void message_free_ours(const void *value, uint64_t key, heap_owner queue)
{
	block found;
	if (find_ours(value, key, queue, &found))
		block_free(&found);
}
