/* SPDX-License-Identifier: MIT */

#include "process/symbols.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef HAVE_LIBDW
#include <elfutils/libdwfl.h>

/* The functions of libdw that are used, looked up by name in the loaded library. */
#define LIBDW_FUNCTIONS(f)                                                                        \
	f(dwfl_begin) f(dwfl_end) f(dwfl_linux_proc_report) f(dwfl_report_end) f(dwfl_addrmodule) \
		f(dwfl_module_addrinfo) f(dwfl_module_getsrc) f(dwfl_lineinfo)                    \
			f(dwfl_line_comp_dir) f(dwfl_linux_proc_find_elf)                         \
				f(dwfl_build_id_find_debuginfo)

static struct {
	void *library;
#define DECLARE(name) __typeof__(name) *name;
	LIBDW_FUNCTIONS(DECLARE)
#undef DECLARE
} dw;

static bool load_libdw(void)
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
#else
typedef struct Dwfl Dwfl;
#endif

struct symbolizer {
	Dwfl *dwfl; /* NULL without libdw */
};

#ifdef HAVE_LIBDW
static Dwfl *begin(void)
{
	/* Local files only: the standard callback would ask a debuginfod server. */
	static Dwfl_Callbacks callbacks;
	if (!load_libdw())
		return NULL;
	callbacks.find_elf = dw.dwfl_linux_proc_find_elf;
	callbacks.find_debuginfo = dw.dwfl_build_id_find_debuginfo;
	Dwfl *dwfl = dw.dwfl_begin(&callbacks);
	if (dwfl && (dw.dwfl_linux_proc_report(dwfl, getpid()) != 0 ||
		     dw.dwfl_report_end(dwfl, NULL, NULL) != 0)) {
		dw.dwfl_end(dwfl);
		return NULL;
	}
	return dwfl;
}

static bool find_with_libdw(Dwfl *dwfl, Dwarf_Addr address, symbol *ret)
{
	Dwfl_Module *module = dw.dwfl_addrmodule(dwfl, address);
	if (!module)
		return false;
	GElf_Off offset;
	GElf_Sym entry;
	const char *function =
		dw.dwfl_module_addrinfo(module, address, &offset, &entry, NULL, NULL, NULL);
	if (!function)
		return false;
	ret->function = function;
	ret->offset = offset;
	Dwfl_Line *line = dw.dwfl_module_getsrc(module, address);
	if (line) {
		ret->file = dw.dwfl_lineinfo(line, NULL, &ret->line, NULL, NULL, NULL);
		ret->directory = dw.dwfl_line_comp_dir(line);
	}
	return true;
}

static void end(Dwfl *dwfl)
{
	if (dwfl)
		dw.dwfl_end(dwfl);
}
#else
static Dwfl *begin(void)
{
	return NULL;
}

static bool find_with_libdw(Dwfl *dwfl, uintptr_t address, symbol *ret)
{
	(void)dwfl, (void)address, (void)ret;
	return false;
}

static void end(Dwfl *dwfl)
{
	(void)dwfl;
}
#endif

symbolizer *symbolizer_new(void)
{
	symbolizer *names = calloc(1, sizeof(*names));
	if (names)
		names->dwfl = begin();
	return names;
}

void symbolizer_find(symbolizer *names, const void *address, symbol *ret)
{
	*ret = (symbol){0};
	Dl_info info = {0};
	if (dladdr(address, &info))
		ret->module = info.dli_fname;
	if (names->dwfl && find_with_libdw(names->dwfl, (uintptr_t)address, ret))
		return;
	ret->function = info.dli_sname;
	ret->offset =
		(uintptr_t)address - (uintptr_t)(info.dli_sname ? info.dli_saddr : info.dli_fbase);
}

void symbolizer_free(symbolizer *names)
{
	if (names)
		end(names->dwfl);
	free(names);
}
