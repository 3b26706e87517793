/* SPDX-License-Identifier: MIT */
/*
 * By dl_iterate_phdr() alone, which works in static programs, too. Builds without a
 * build-id are told apart by a hash of their program headers, which hold the
 * addresses and sizes of all they load.
 */

#include "base/reference.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/newborn.h"

/* What is looked for, and what was found. */
struct search {
	uintptr_t address;	 /* a module with a segment that has this address, */
	unsigned flags;		 /* and these flags; or else */
	const unsigned char *id; /* one with this id */
	bool found;
	unsigned char found_id[REFERENCE_ID_SIZE];
	uintptr_t load_address;
	const char *name;
};

static bool holds(const struct dl_phdr_info *module, uintptr_t address, unsigned flags)
{
	for (int i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &module->dlpi_phdr[i];
		uintptr_t begin = module->dlpi_addr + segment->p_vaddr;
		if (segment->p_type == PT_LOAD && segment->p_flags & flags &&
		    address - begin < segment->p_memsz)
			return true;
	}
	return false;
}

/* The build-id among a segment's notes. */
static bool find_build_id(const char *note, const char *end, unsigned char *id)
{
	while (note + sizeof(ElfW(Nhdr)) <= end) {
		const ElfW(Nhdr) *header = (const void *)note;
		const char *name = note + sizeof(*header);
		const char *content = name + ((header->n_namesz + 3u) & ~3u);
		note = content + ((header->n_descsz + 3u) & ~3u);
		if (header->n_type != NT_GNU_BUILD_ID || header->n_namesz != 4 ||
		    memcmp(name, "GNU", 4) != 0 || note > end)
			continue;
		size_t size = header->n_descsz;
		memcpy(id, content, size < REFERENCE_ID_SIZE ? size : REFERENCE_ID_SIZE);
		return true;
	}
	return false;
}

static void hash_headers(const struct dl_phdr_info *module, unsigned char *id)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const unsigned char *bytes = (const void *)module->dlpi_phdr;
	for (size_t i = 0; i < module->dlpi_phnum * sizeof(ElfW(Phdr)); i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	memcpy(id, &hash, sizeof(hash));
}

static void identify(const struct dl_phdr_info *module, unsigned char *id)
{
	memset(id, 0, REFERENCE_ID_SIZE);
	for (int i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &module->dlpi_phdr[i];
		const char *notes = (const char *)(module->dlpi_addr + segment->p_vaddr);
		if (segment->p_type == PT_NOTE &&
		    find_build_id(notes, notes + segment->p_memsz, id))
			return;
	}
	hash_headers(module, id);
}

static int look_at(struct dl_phdr_info *module, size_t size, void *data)
{
	(void)size;
	struct search *search = data;
	if (search->address && !holds(module, search->address, search->flags))
		return 0;
	identify(module, search->found_id);
	if (search->id && memcmp(search->id, search->found_id, REFERENCE_ID_SIZE) != 0)
		return 0;
	search->found = true;
	search->load_address = module->dlpi_addr;
	search->name = module->dlpi_name;
	return 1;
}

static int no_function(uintptr_t address)
{
	struct search data = {.address = address, .flags = PF_R};
	dl_iterate_phdr(look_at, &data);
	if (data.found)
		return error_set(EINVAL, "what is at %p, in %s, is no function, but data",
				 (void *)address, *data.name ? data.name : "the program");
	return error_set(EINVAL,
			 "the function at %p is in no program or library, so another process "
			 "cannot find it: pass a function of its own, or use the start method fork",
			 (void *)address);
}

int reference_to(any_function function, reference *ret)
{
	struct search search = {.address = (uintptr_t)function, .flags = PF_X};
	dl_iterate_phdr(look_at, &search);
	if (!search.found)
		return no_function(search.address);
	ret->offset = (uintptr_t)function - search.load_address;
	memcpy(ret->id, search.found_id, sizeof(ret->id));
	ret->path[0] = '\0';
	if (*search.name && !realpath(search.name, ret->path))
		return error_set(ENOENT, "'%s', which holds the function, is no longer there",
				 search.name);
	return 0;
}

static any_function find_loaded(const reference *from)
{
	struct search search = {.id = from->id};
	dl_iterate_phdr(look_at, &search);
	return search.found ? (any_function)(search.load_address + from->offset) : NULL;
}

int reference_find(const reference *from, any_function *ret)
{
	*ret = find_loaded(from);
	if (!*ret && *from->path) {
		if (!dlopen(from->path, RTLD_NOW | RTLD_LOCAL))
			return error_set(ENOENT, "cannot load the target's module: %s", dlerror());
		*ret = find_loaded(from);
	}
	if (!*ret)
		return error_set(ENOENT,
				 "%s has been replaced by another build since the program started",
				 *from->path ? from->path : "the program");
	return 0;
}

enum { NOTED_MOST = 64 };

static struct noted {
	size_t count;
	struct {
		unsigned char id[REFERENCE_ID_SIZE];
		uintptr_t load_address;
	} modules[NOTED_MOST];
} * noted;

static int note(struct dl_phdr_info *module, size_t size, void *data)
{
	(void)size;
	struct noted *to = data;
	if (to->count == NOTED_MOST)
		return 1;
	identify(module, to->modules[to->count].id);
	to->modules[to->count++].load_address = module->dlpi_addr;
	return 0;
}

void reference_note_modules(void)
{
	if (!noted)
		noted = malloc(sizeof(*noted));
	if (!noted)
		return;
	noted->count = 0;
	dl_iterate_phdr(note, noted);
}

NEWBORN any_function reference_noted(const reference *from)
{
	for (size_t i = 0; noted && i < noted->count; i++)
		if (memcmp(from->id, noted->modules[i].id, REFERENCE_ID_SIZE) == 0)
			return (any_function)(noted->modules[i].load_address + from->offset);
	return NULL;
}
