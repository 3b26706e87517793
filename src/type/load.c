/* SPDX-License-Identifier: MIT */

#include "type/dump.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "heap/table.h"
#include "type/body.h"
#include "type/fingerprint.h"
#include "type/pickle_block.h"

static int check_header(const brood_type *type, const dump_header *header, const void *body,
			size_t size)
{
	if (memcmp(header->magic, DUMP_MAGIC, sizeof(header->magic)) != 0)
		return error_set(EBADMSG, "the data is not a value that brood_dump() wrote");
	if (header->order != DUMP_ORDER || header->pointer_size != sizeof(void *))
		return error_set(EBADMSG, "the data was written on a machine of another byte order "
					  "or pointer size");
	if (header->version != DUMP_VERSION)
		return error_set(EBADMSG,
				 "the data is in version %u of the form, this library "
				 "reads version %d",
				 header->version, DUMP_VERSION);
	if (header->size != size)
		return error_set(EBADMSG, "the data should have %llu bytes, it has %zu",
				 (unsigned long long)header->size, size);
	if (header->checksum != dump_checksum(header, body, size - sizeof(*header)))
		return error_set(EBADMSG, "the data is damaged: its checksum is wrong");
	if (header->fingerprint != 0 && header->fingerprint != fingerprint_of(type))
		return error_set(EBADMSG,
				 "the data is not a '%s', or one whose fields have changed",
				 type->name);
	if (header->fingerprint == 0 && size != sizeof(*header))
		return error_set(EBADMSG, "the data says that it is no value, but holds %zu bytes",
				 size - sizeof(*header));
	return 0;
}

static int check_type(const brood_type *type)
{
	if (!type)
		return error_set(EINVAL, "the type is NULL");
	if (body_is_scalar(type) || type->kind == BROOD_KIND_STRING ||
	    type->kind == BROOD_KIND_BYTES || type->kind == BROOD_KIND_STRUCT)
		return 0;
	return error_set(EINVAL, "a '%s' cannot be loaded: it means nothing outside its family",
			 type->name);
}

static int load_body(const brood_type *type, const unsigned char *body, size_t size, void **ret)
{
	int r = heap_require();
	if (r < 0)
		return r;
	pickle_header *block = pickle_block_new(type, size, table_owner(table_self()));
	if (!block)
		return -errno;
	r = body_read(type, body, size, pickle_block_body(block));
	if (r < 0) {
		brood_free(block);
		return r;
	}
	*ret = pickle_block_body(block);
	return 0;
}

/* *ret stays NULL for no value and a NULL string, the only ones without a body. */
static int load(const brood_type *type, const unsigned char *data, size_t size, void **ret)
{
	dump_header header;
	int r = check_type(type);
	if (r < 0)
		return r;
	if (!data)
		return error_absent("the data");
	if (size < sizeof(header))
		return error_set(EBADMSG, "the data is cut short: %zu bytes are less than a header",
				 size);
	memcpy(&header, data, sizeof(header));
	const unsigned char *body = data + sizeof(header);
	size -= sizeof(header);
	r = check_header(type, &header, body, size + sizeof(header));
	if (r < 0)
		return r;
	if (header.fingerprint == 0 || (type->kind == BROOD_KIND_STRING && size == 0))
		return 0;
	return load_body(type, body, size, ret);
}

void *brood_load_as(const brood_type *type, const void *data, size_t size)
{
	void *loaded = NULL;
	int r = load(type, data, size, &loaded);
	if (r < 0)
		return error_to_null(r);
	errno = 0;
	return loaded;
}
