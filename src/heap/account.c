/* SPDX-License-Identifier: MIT */

#include "heap/account.h"

#include "base/newborn.h"

NEWBORN_DATA struct account_self account_self;

_Atomic uint64_t *account_of(heap_owner owner)
{
	if (!owner_is_process(owner) || owner_slot(owner) >= heap_map.slot_count)
		return NULL;
	_Atomic uint64_t *account = &map_slot(owner_slot(owner))->blocks;
	if (account_generation(atomic_load(account)) != owner_generation(owner))
		return NULL;
	return account;
}

bool account_other_add(heap_owner owner)
{
	if (owner_is_object(owner) && !atomic_load(&heap_map.super->objects))
		atomic_store(&heap_map.super->objects, 1);
	if (!owner_is_process(owner))
		return owner_is_object(owner) || owner_is_family(owner);
	_Atomic uint64_t *account = account_of(owner);
	if (!account)
		return false;
	uint64_t word = atomic_load(account);
	do {
		if (account_generation(word) != owner_generation(owner))
			return false;
	} while (!atomic_compare_exchange_weak(account, &word, word + ACCOUNT_ONE));
	return true;
}

void account_other_sub(heap_owner owner)
{
	_Atomic uint64_t *account = account_of(owner);
	if (!account)
		return;
	uint64_t word = atomic_load(account);
	do {
		if (account_generation(word) != owner_generation(owner) || !account_count(word))
			return;
	} while (!atomic_compare_exchange_weak(account, &word, word - 1));
}
