/* SPDX-License-Identifier: MIT */

/*
 * Loads bytes as a value: as they are, and with a header that is right for them,
 * since no fuzzer guesses a checksum. What is accepted must be all there, and be
 * exactly what brood_dump() writes of it.
 */

#include "fuzz_types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "brood/heap.h"
#include "replay.h"
#include "type/dump.h"
#include "type/fingerprint.h"

static void require(bool holds)
{
	if (!holds)
		abort();
}

/* A string's value is the pointer; all else is where it points to. */
static brood_value value_of(const brood_type *type, void *loaded)
{
	if (type->kind != BROOD_KIND_STRING)
		return brood_value_at(type, loaded);
	const char *string = loaded;
	return BROOD_VALUE(string);
}

static void load(const brood_type *type, const uint8_t *data, size_t size)
{
	void *again, *loaded = brood_load_as(type, data, size);
	size_t again_size;
	if (!loaded) {
		require(errno == EBADMSG || errno == 0);
		return;
	}
	require(brood_type_is(loaded, type));
	require(strcmp(brood_type_name(loaded), type->name) == 0);
	require(brood_dump(value_of(type, loaded), &again, &again_size) == 0);
	require(again_size == size && memcmp(again, data, size) == 0);
	free(again);
	require(brood_free(loaded) == 0);
}

static void load_sealed(const brood_type *type, const uint8_t *data, size_t size)
{
	dump_header header = {
		.magic = DUMP_MAGIC,
		.order = DUMP_ORDER,
		.version = DUMP_VERSION,
		.pointer_size = sizeof(void *),
		.size = size,
		.fingerprint = fingerprint_of(type),
	};
	if (size < sizeof(header))
		return;
	uint8_t *sealed = malloc(size);
	require(sealed != NULL);
	memcpy(sealed, data, size);
	header.checksum = dump_checksum(&header, data + sizeof(header), size - sizeof(header));
	memcpy(sealed, &header, sizeof(header));
	load(type, sealed, size);
	free(sealed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	const brood_type *type = fuzz_types[data[0] % FUZZ_TYPES];
	load(type, data + 1, size - 1);
	load_sealed(type, data + 1, size - 1);
	return 0;
}
