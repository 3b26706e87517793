/* SPDX-License-Identifier: MIT */
#ifndef TYPE_DUMP_H
#define TYPE_DUMP_H

/*
 * The form in which a value leaves its family: this header, then the body in
 * relative form (body.h). The magic's first and last bytes do not survive what
 * takes bytes for text. The checksum is of all bytes but its own.
 */

#include <stddef.h>
#include <stdint.h>

#include "type/hash.h"

#define DUMP_MAGIC \
	"\x89"     \
	"brood\n" /* with its NUL, 8 bytes */
#define DUMP_ORDER UINT32_C(0x01020304)

enum { DUMP_VERSION = 1 };

typedef struct dump_header {
	char magic[8];
	uint32_t order; /* DUMP_ORDER, as the writer's byte order has it */
	uint16_t version;
	uint16_t pointer_size;
	uint64_t size;	      /* of header and body */
	uint64_t fingerprint; /* of the type; 0: no value */
	uint64_t checksum;
} dump_header;

_Static_assert(sizeof(DUMP_MAGIC) == 8, "the magic fills its place");
_Static_assert(sizeof(dump_header) == 40, "no padding");
_Static_assert(offsetof(dump_header, checksum) + sizeof(uint64_t) == sizeof(dump_header),
	       "what the checksum covers in the header comes before it");

static inline uint64_t dump_checksum(const dump_header *header, const void *body, size_t size)
{
	uint64_t hash = hash_bytes(HASH_START, header, offsetof(dump_header, checksum));
	return hash_bytes(hash, body, size);
}

#endif
