/* SPDX-License-Identifier: MIT */
#ifndef TYPE_HASH_H
#define TYPE_HASH_H

/*
 * FNV-1a taken eight bytes at a time, for fingerprints and checksums. Every step
 * is a bijection of the state and of the word it takes, so data that differs in
 * one word only never has the same hash.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

static inline uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

static inline uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t word;
	hash = hash_word(hash, size);
	for (; size >= sizeof(word); at += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = hash_word(hash, word);
	}
	if (size > 0) {
		word = 0;
		memcpy(&word, at, size);
		hash = hash_word(hash, word);
	}
	return hash;
}

#endif
