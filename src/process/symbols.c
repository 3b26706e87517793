/* SPDX-License-Identifier: MIT */
/*
 * A static program is told apart by its missing interpreter: to load libdw into it
 * brings a second C library, which crashes, and there is no table of symbols to ask. Of its
 * functions only those are known whose addresses the linker has put in here.
 */

#include "process/symbols.h"

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

#ifdef HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdwfl.h>

/* The functions of libdw that are used, looked up by name in the loaded library. */
#define LIBDW_FUNCTIONS(f)                                                                         \
	f(dwfl_begin) f(dwfl_end) f(dwfl_linux_proc_report) f(dwfl_report_end) f(dwfl_addrmodule)  \
		f(dwfl_module_addrinfo) f(dwfl_module_addrdie) f(dwfl_module_nextcu)               \
			f(dwfl_linux_proc_find_elf) f(dwfl_build_id_find_debuginfo) f(dwarf_haspc) \
				f(dwarf_getsrc_die) f(dwarf_lineno) f(dwarf_linesrc)               \
					f(dwarf_getscopes) f(dwarf_getscopes_die) f(dwarf_tag)     \
						f(dwarf_diename) f(dwarf_attr) f(dwarf_formudata)  \
							f(dwarf_formstring) f(dwarf_getsrcfiles)   \
								f(dwarf_filesrc)

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
	bool is_static;
	uintptr_t program; /* where it is loaded */
	uintptr_t library; /* where the C library is */
	uintptr_t loader;
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

static int find_with_libdw(Dwfl *dwfl, Dwarf_Addr address, symbol *ret, int max)
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
	ret->function = function;
	ret->offset = offset;
	Dwarf_Die *unit = find_unit(module, address, &bias);
	if (!unit)
		return 1;
	find_line(unit, address - bias, ret);
	return ret->file ? expand_inlined(unit, address - bias, ret, max) : 1;
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

static int find_with_libdw(Dwfl *dwfl, uintptr_t address, symbol *ret, int max)
{
	(void)dwfl, (void)address, (void)ret, (void)max;
	return 0;
}

static void end(Dwfl *dwfl)
{
	(void)dwfl;
}
#endif

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
	names->dwfl = begin();
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
	if (dladdr(address, &info))
		ret->module = info.dli_fname;
	int count = names->dwfl ? find_with_libdw(names->dwfl, (uintptr_t)address, ret, max) : 0;
	if (count > 0)
		return count;
	ret->function = info.dli_sname;
	ret->offset =
		(uintptr_t)address - (uintptr_t)(info.dli_sname ? info.dli_saddr : info.dli_fbase);
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
		end(names->dwfl);
	free(names);
}
