/* SPDX-License-Identifier: MIT */

#include "type/pickle.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "heap/table.h"
#include "type/body.h"
#include "type/pickle_block.h"

/* A value that is a pointer and passed as it is. */
static int pass_pointer(const brood_type *type, const void *from, pickled *ret)
{
	void *pointer;
	memcpy(&pointer, from, sizeof(pointer));
	if (type->kind == BROOD_KIND_HANDLE && !pointer)
		return error_absent(type->name);
	if (type->kind != BROOD_KIND_BORROWED && pointer && !brood_heap_contains(pointer))
		return error_set(EINVAL,
				 "the %s does not point into the family's heap: make what it "
				 "points to with brood_alloc(), or use BROOD_BORROW with fork",
				 type->kind == BROOD_KIND_HANDLE ? type->name : "shared pointer");
	*ret = (pickled){.arg = pointer, .borrowed = type->kind == BROOD_KIND_BORROWED};
	return 0;
}

/* The deep copy. A body of no bytes is that of a NULL string, which is passed as NULL. */
static int copy(const brood_type *type, const void *from, heap_owner owner, pickled *ret)
{
	size_t size;
	int r = body_measure(type, from, BODY_ABSOLUTE, &size);
	if (r < 0)
		return r;
	if (size == 0) {
		*ret = (pickled){0};
		return 0;
	}
	pickle_header *block = pickle_block_new(type, size, owner);
	if (!block)
		return -errno;
	r = body_write(type, from, BODY_ABSOLUTE, pickle_block_body(block), size);
	if (r < 0) {
		brood_free(block);
		return r;
	}
	*ret = (pickled){.arg = pickle_block_body(block), .block = block};
	return 0;
}

int pickle(const brood_value *value, heap_owner owner, pickled *ret)
{
	const brood_type *type = value->type;
	const void *from = value->from ? value->from : &value->inside;
	if (!type) {
		*ret = (pickled){0};
		return 0;
	}
	switch (type->kind) {
	case BROOD_KIND_UNKNOWN:
		return error_absent("the pointer to the value");
	case BROOD_KIND_HANDLE:
	case BROOD_KIND_SHARED:
	case BROOD_KIND_BORROWED:
		return pass_pointer(type, from, ret);
	default:
		return copy(type, from, owner, ret);
	}
}

void *brood_copy(brood_value value)
{
	pickled copied;
	int r = heap_require();
	if (r == 0)
		r = pickle(&value, table_owner(table_self()), &copied);
	if (r < 0)
		return error_to_null(r);
	if (copied.arg && !copied.block)
		return error_null(EINVAL,
				  "a handle, shared or borrowed pointer is passed as it is: "
				  "there is no copy of it");
	errno = 0;
	return copied.arg;
}
