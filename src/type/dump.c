/* SPDX-License-Identifier: MIT */

#include "type/dump.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "brood/type.h"
#include "type/body.h"
#include "type/fingerprint.h"

/* The header of a body that is in place behind it. */
static void seal(unsigned char *data, size_t body_size, uint64_t fingerprint)
{
	dump_header header = {
		.magic = DUMP_MAGIC,
		.order = DUMP_ORDER,
		.version = DUMP_VERSION,
		.pointer_size = sizeof(void *),
		.size = sizeof(header) + body_size,
		.fingerprint = fingerprint,
	};
	header.checksum = dump_checksum(&header, data + sizeof(header), body_size);
	memcpy(data, &header, sizeof(header));
}

int brood_dump(brood_value value, void **ret_data, size_t *ret_size)
{
	const brood_type *type = value.type;
	const void *from = value.from ? value.from : &value.inside;
	size_t size = 0;
	if (!ret_data || !ret_size)
		return error_set(EINVAL, "brood_dump: a place for the result is NULL");
	if (type && type->kind == BROOD_KIND_UNKNOWN)
		return error_absent("the pointer to the value");
	int r = type ? body_measure(type, from, BODY_RELATIVE, &size) : 0;
	if (r < 0)
		return r;
	unsigned char *data = malloc(sizeof(dump_header) + size);
	if (!data)
		return error_set(ENOMEM, "no memory to dump a value of %zu bytes", size);
	if (type)
		r = body_write(type, from, BODY_RELATIVE, data + sizeof(dump_header), size);
	if (r < 0) {
		free(data);
		return r;
	}
	seal(data, size, type ? fingerprint_of(type) : 0);
	*ret_data = data;
	*ret_size = sizeof(dump_header) + size;
	return 0;
}
