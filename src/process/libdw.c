/* SPDX-License-Identifier: MIT */

#include "process/libdw.h"

#include <stddef.h>

#ifdef HAVE_LIBDW
#include <dlfcn.h>
#include <dwarf.h>
#include <stdlib.h>
#include <unistd.h>

struct libdw dw;

static bool load(void)
{
	void *library = dw.library ? dw.library : dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return false;
	bool complete = true;
#define LOOK_UP(name)                               \
	*(void **)&dw.name = dlsym(library, #name); \
	complete = complete && dw.name;
	LIBDW_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
	dw.library = library;
	return complete;
}

Dwfl *libdw_begin(void)
{
	static Dwfl_Callbacks callbacks;
	if (!load())
		return NULL;
	/* Local files only: the one that also follows .gnu_debuglink asks these servers. */
	const char *servers = getenv("DEBUGINFOD_URLS");
	callbacks.find_elf = dw.dwfl_linux_proc_find_elf;
	callbacks.find_debuginfo = servers && *servers ? dw.dwfl_build_id_find_debuginfo
						       : dw.dwfl_standard_find_debuginfo;
	return dw.dwfl_begin(&callbacks);
}

Dwfl *libdw_begin_self(void)
{
	Dwfl *dwfl = libdw_begin();
	if (dwfl && (dw.dwfl_linux_proc_report(dwfl, getpid()) != 0 ||
		     dw.dwfl_report_end(dwfl, NULL, NULL) != 0)) {
		dw.dwfl_end(dwfl);
		return NULL;
	}
	return dwfl;
}

void libdw_end(Dwfl *dwfl)
{
	if (dwfl)
		dw.dwfl_end(dwfl);
}

/* clang writes no table of address ranges: then each unit is asked. */
static Dwarf_Die *find_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dw.dwfl_module_addrdie(module, address, bias);
	if (unit)
		return unit;
	while ((unit = dw.dwfl_module_nextcu(module, unit, bias)))
		if (dw.dwarf_haspc(unit, address - *bias) > 0)
			return unit;
	return NULL;
}

static void find_line(Dwarf_Die *unit, Dwarf_Addr address, symbol *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Line *line = dw.dwarf_getsrc_die(unit, address);
	if (!line || dw.dwarf_lineno(line, &ret->line) != 0)
		return;
	ret->file = dw.dwarf_linesrc(line, NULL, NULL);
	ret->directory = dw.dwarf_formstring(dw.dwarf_attr(unit, DW_AT_comp_dir, &attribute));
}

/* Where an inlined call stands in its caller. */
static void find_call(Dwarf_Die *unit, Dwarf_Die *inlined, symbol *ret)
{
	Dwarf_Attribute attribute;
	Dwarf_Word line = 0, file = 0;
	Dwarf_Files *files;
	size_t count;
	dw.dwarf_formudata(dw.dwarf_attr(inlined, DW_AT_call_line, &attribute), &line);
	dw.dwarf_formudata(dw.dwarf_attr(inlined, DW_AT_call_file, &attribute), &file);
	ret->line = (int)line;
	if (dw.dwarf_getsrcfiles(unit, &files, &count) == 0 && file < count)
		ret->file = dw.dwarf_filesrc(files, file, NULL, NULL);
}

/* Turns the frame of a function into those of the calls inlined into it and its own. */
static int expand_inlined(Dwarf_Die *unit, Dwarf_Addr address, symbol *ret, int max)
{
	/* The first list leaves an inlined function for its definition; the second, of the
	 * innermost scope's own parents, follows the code. */
	Dwarf_Die *scopes = NULL, *parents = NULL;
	int count = 1, found = -1;
	if (dw.dwarf_getscopes(unit, address, &scopes) > 0)
		found = dw.dwarf_getscopes_die(&scopes[0], &parents);
	for (int i = 0; i < found && count < max; i++) {
		if (dw.dwarf_tag(&parents[i]) == DW_TAG_subprogram) {
			/* The symbol may have got a suffix from the compiler. */
			const char *name = dw.dwarf_diename(&parents[i]);
			ret[count - 1].function = name ? name : ret[count - 1].function;
			break;
		}
		if (dw.dwarf_tag(&parents[i]) != DW_TAG_inlined_subroutine)
			continue;
		ret[count] = ret[count - 1];
		ret[count - 1].function = dw.dwarf_diename(&parents[i]);
		find_call(unit, &parents[i], &ret[count++]);
	}
	free(scopes);
	free(parents);
	return count;
}

int libdw_find(Dwfl *dwfl, uint64_t address, symbol *ret, int max)
{
	GElf_Off offset;
	GElf_Sym entry;
	Dwarf_Addr bias;
	Dwfl_Module *module = dw.dwfl_addrmodule(dwfl, address);
	const char *function =
		module ? dw.dwfl_module_addrinfo(module, address, &offset, &entry, NULL, NULL, NULL)
		       : NULL;
	if (!function)
		return 0;
	*ret = (symbol){.function = function, .offset = offset, .module = ret->module};
	Dwarf_Die *unit = find_unit(module, address, &bias);
	if (!unit)
		return 1;
	find_line(unit, address - bias, ret);
	return ret->file ? expand_inlined(unit, address - bias, ret, max) : 1;
}
#else
Dwfl *libdw_begin(void)
{
	return NULL;
}

Dwfl *libdw_begin_self(void)
{
	return NULL;
}

void libdw_end(Dwfl *dwfl)
{
	(void)dwfl;
}

int libdw_find(Dwfl *dwfl, uint64_t address, symbol *ret, int max)
{
	(void)dwfl, (void)address, (void)ret, (void)max;
	return 0;
}
#endif
