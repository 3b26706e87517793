/* SPDX-License-Identifier: MIT */
/* Seeds for fuzz_pipe: a message of each kind, and some that are not quite so. */

#include "fuzz_pipe.h"
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipe/wire.h"

enum { SEED_MAX = 1024 };

typedef struct seed {
	const char *name;
	size_t size;
	uint8_t data[SEED_MAX];
} seed;

static void add(seed *s, const void *data, size_t size)
{
	if (s->size + size > SEED_MAX)
		abort();
	memcpy(s->data + s->size, data, size);
	s->size += size;
}

/* A packet with a header, of which `inside` bytes travel inside. */
static void add_packet(seed *s, enum wire_kind kind, const void *bytes, size_t inside,
		       enum fuzz_beside beside, uint8_t rest)
{
	const wire_header header = {.magic = WIRE_MAGIC, .kind = kind, .size = inside + rest};
	const fuzz_packet packet = {.beside = (uint8_t)beside,
				    .rest = rest,
				    .length = (uint16_t)(sizeof(header) + inside)};
	add(s, &packet, sizeof(packet));
	add(s, &header, sizeof(header));
	add(s, bytes, inside);
}

static void add_value(seed *s, brood_value value)
{
	void *data;
	size_t size;
	if (brood_dump(value, &data, &size) < 0)
		abort();
	add_packet(s, WIRE_BYTES, data, size, BESIDE_NOTHING, 0);
	free(data);
}

int fuzz_seeds(const char *directory, seed_action *action)
{
	const wire_connection nowhere = {.address = 0x300000010000, .id = 1};
	double radii[] = {1, 2, 3};
	seed seeds[] = {{.name = "bytes"},	{.name = "value"}, {.name = "descriptor"},
			{.name = "connection"}, {.name = "long"},  {.name = "false"},
			{.name = "empty"}};
	add_packet(&seeds[0], WIRE_BYTES, "hello", 5, BESIDE_NOTHING, 0);
	add_packet(&seeds[0], WIRE_BYTES, "", 0, BESIDE_NOTHING, 0);
	add_value(&seeds[1], BROOD_ARGS(ball, .id = 1, .name = "b", .radii = radii, .n_radii = 3));
	add_value(&seeds[1], BROOD_NONE);
	add_value(&seeds[1], BROOD_VALUE(3));
	add_packet(&seeds[2], WIRE_DESCRIPTOR, "", 0, BESIDE_DEVICE, 0);
	add_packet(&seeds[2], WIRE_DESCRIPTOR, "", 0, BESIDE_SEVERAL, 0);
	add_packet(&seeds[3], WIRE_CONNECTION, &nowhere, sizeof(nowhere), BESIDE_SOCKET, 0);
	add_packet(&seeds[4], WIRE_BYTES, "first", 5, BESIDE_SEALED, 100);
	add_packet(&seeds[5], WIRE_BYTES, "first", 5, BESIDE_UNSEALED, 100);
	add_packet(&seeds[5], WIRE_BYTES, "first", 5, BESIDE_HOLE, 1);
	add(&seeds[5], "\x01\x00\x03\x00zzz", 7);
	add(&seeds[6], &(fuzz_packet){.length = 0}, sizeof(fuzz_packet));
	add(&seeds[6], &(fuzz_packet){.beside = BESIDE_DEVICE}, sizeof(fuzz_packet));
	add_packet(&seeds[6], WIRE_BYTES, "hello", 5, BESIDE_NOTHING, 0);
	int failed = 0;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", directory, seeds[i].name);
		failed += action(path, seeds[i].data, seeds[i].size);
	}
	return failed;
}
