/* SPDX-License-Identifier: MIT */
/*
 * A static program is told apart by its missing interpreter: to load libdw into it
 * brings a second C library, which crashes, and there is no table of symbols to ask. Of its
 * functions only those are known whose addresses the linker has put in here.
 */

#include "process/libdw.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* Whatever the program's has for parameters: link-time optimisation compares them. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
extern int program_main() __asm__("main") __attribute__((weak));
#pragma GCC diagnostic pop
/* libgcc's. */
extern void *_Unwind_FindEnclosingFunction(void *address) __attribute__((weak));

struct symbolizer {
	Dwfl *dwfl; /* NULL without libdw */
	bool is_static;
	uintptr_t program; /* where it is loaded */
	uintptr_t library; /* where the C library is */
	uintptr_t loader;
};

/* The program comes first of the modules; of others the C library has an interpreter, too. */
static int look_at_program(struct dl_phdr_info *module, size_t size, void *data)
{
	(void)size;
	symbolizer *names = data;
	names->program = module->dlpi_addr;
	names->is_static = true;
	for (int i = 0; i < module->dlpi_phnum; i++)
		if (module->dlpi_phdr[i].p_type == PT_INTERP)
			names->is_static = false;
	return 1;
}

symbolizer *symbolizer_new(void)
{
	Dl_info info;
	symbolizer *names = calloc(1, sizeof(*names));
	if (!names)
		return NULL;
	dl_iterate_phdr(look_at_program, names);
	if (names->is_static)
		return names;
	/* The address of a function might be that of a stub in the program. */
	if (dladdr(gnu_get_libc_version(), &info))
		names->library = (uintptr_t)info.dli_fbase;
	names->loader = getauxval(AT_BASE);
	names->dwfl = libdw_begin_self();
	return names;
}

static const void *static_function(const void *address)
{
	if (!_Unwind_FindEnclosingFunction)
		return NULL;
	return _Unwind_FindEnclosingFunction((void *)(uintptr_t)address);
}

static void find_static(const symbolizer *names, const void *address, symbol *ret)
{
	uintptr_t function = (uintptr_t)static_function(address);
	ret->module = program_invocation_name;
	ret->offset = (uintptr_t)address - names->program;
	if (function && function == (uintptr_t)program_main) {
		ret->function = "main";
		ret->offset = (uintptr_t)address - function;
	}
}

int symbolizer_find(symbolizer *names, const void *address, symbol *ret, int max)
{
	*ret = (symbol){0};
	if (names->is_static) {
		find_static(names, address, ret);
		return 1;
	}
	Dl_info info = {0};
	struct link_map *map = NULL;
	if (dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP))
		ret->module = info.dli_fname;
	int count = names->dwfl ? libdw_find(names->dwfl, (uintptr_t)address, ret, max) : 0;
	if (count > 0)
		return count;
	ret->function = info.dli_sname;
	const uintptr_t start = map ? map->l_addr : 0;
	ret->offset = (uintptr_t)address - (info.dli_sname ? (uintptr_t)info.dli_saddr : start);
	return 1;
}

bool symbolizer_in_library(const symbolizer *names, const void *address)
{
	Dl_info info;
	if (names->is_static || !dladdr(address, &info))
		return false;
	uintptr_t base = (uintptr_t)info.dli_fbase;
	return base == names->library || base == names->loader;
}

bool symbolizer_in_root(const symbolizer *names, const void *address)
{
	static const char *const roots[] = {"exit", "quick_exit", "__libc_start_main"};
	Dl_info info;
	if (names->is_static) {
		uintptr_t function = (uintptr_t)static_function(address);
		return function == (uintptr_t)exit || function == (uintptr_t)quick_exit;
	}
	if (!symbolizer_in_library(names, address) || !dladdr(address, &info) || !info.dli_sname)
		return false;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (strcmp(info.dli_sname, roots[i]) == 0)
			return true;
	return false;
}

void symbolizer_free(symbolizer *names)
{
	if (names)
		libdw_end(names->dwfl);
	free(names);
}
