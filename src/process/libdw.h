/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_LIBDW_H
#define PROCESS_LIBDW_H

/*
 * elfutils' libdw: debug information and the tables for unwinding. Loaded when it is
 * first needed; where it is absent, here or when this was compiled, sessions are NULL.
 */

#include "process/symbols.h"

#ifdef HAVE_LIBDW
#include <elfutils/libdwfl.h>

/* The functions of libdw that are used, looked up by name in the loaded library. */
/* clang-format off */
#define LIBDW_FUNCTIONS(f) \
	f(dwfl_begin) f(dwfl_end) f(dwfl_linux_proc_report) f(dwfl_report_elf) \
	f(dwfl_report_end) f(dwfl_addrmodule) f(dwfl_module_addrinfo) f(dwfl_module_addrdie) \
	f(dwfl_module_nextcu) f(dwfl_linux_proc_find_elf) f(dwfl_build_id_find_debuginfo) \
	f(dwfl_standard_find_debuginfo) \
	f(dwfl_attach_state) f(dwfl_getthread_frames) f(dwfl_frame_pc) \
	f(dwfl_thread_state_registers) f(dwfl_thread_state_register_pc) f(dwarf_haspc) \
	f(dwarf_getsrc_die) f(dwarf_lineno) f(dwarf_linesrc) f(dwarf_getscopes) \
	f(dwarf_getscopes_die) f(dwarf_tag) f(dwarf_diename) f(dwarf_attr) f(dwarf_formudata) \
	f(dwarf_formstring) f(dwarf_getsrcfiles) f(dwarf_filesrc)
/* clang-format on */

struct libdw {
	void *library;
#define LIBDW_DECLARE(name) __typeof__(name) *name;
	LIBDW_FUNCTIONS(LIBDW_DECLARE)
#undef LIBDW_DECLARE
};
extern struct libdw dw;
#else
typedef struct Dwfl Dwfl;
#endif

/* A session without modules; NULL when there is no libdw. libdw_end() takes NULL, too. */
Dwfl *libdw_begin(void);
void libdw_end(Dwfl *dwfl);

/* One with the modules of this process. */
Dwfl *libdw_begin_self(void);

/*
 * As symbolizer_find(), of the session's modules, for an address in ret->module, which all frames
 * get; 0, with ret unchanged, when it knows nothing of the address.
 */
int libdw_find(Dwfl *dwfl, uint64_t address, symbol *ret, int max);

#endif
