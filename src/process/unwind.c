/* SPDX-License-Identifier: MIT */
/*
 * The calls of a crashed thread, from its registers and a copy of its stack. libdw
 * finds them by the tables that every program and library has (.eh_frame), debug
 * information or not, frame pointers or not. Where it cannot go on (no libdw, code
 * without tables, a frame larger than the copy) the frame pointers do that the process
 * followed itself; those are right where the compiler kept them, and elsewhere garbage
 * that mostly lies in no code.
 *
 * A call of what is no function leaves a program counter that belongs to nobody: then the
 * return address tells who called.
 */

#include "process/unwind.h"

#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/frames.h"
#include "process/libdw.h"
#include "process/registers.h"

/* The calls, innermost first: where each is, which for callers is before where it returns to. */
struct calls {
	const struct crash_record *record;
	uint64_t at[CRASH_FRAMES];
	uint64_t returns[CRASH_FRAMES]; /* the addresses themselves */
	int count;
	uint64_t missed; /* what was needed of the stack and is not in the copy; 0: nothing */
	bool ended;	 /* nothing is known to be before the outermost */
	bool leapt;	 /* calls may be missing between the others */
	bool complete;
};

static const struct crash_module *module_of(const struct crash_record *record, uint64_t address)
{
	for (uint32_t i = 0; i < record->module_count; i++)
		if (address >= record->modules[i].code_start &&
		    address < record->modules[i].code_end)
			return &record->modules[i];
	return NULL;
}

static bool add(struct calls *calls, uint64_t address, bool is_return)
{
	if (calls->count == CRASH_FRAMES)
		return false;
	calls->returns[calls->count] = address;
	calls->at[calls->count++] = is_return ? address - 1 : address;
	return true;
}

static bool read_stack(const struct crash_record *record, uint64_t address, uint64_t *ret)
{
	uint64_t offset = address - record->stack_start;
	if (record->stack_size < sizeof(*ret) || offset > record->stack_size - sizeof(*ret))
		return false;
	memcpy(ret, record->stack + offset, sizeof(*ret));
	return true;
}

/* The registers from which to unwind: the caller's, when what was called is no known code. Of code
 * that was made at run time the call is there, too. */
static void start_in_code(struct calls *calls, uint64_t registers[CRASH_REGISTERS])
{
	const struct crash_record *record = calls->record;
	uint64_t back;
	memcpy(registers, record->registers, sizeof(record->registers));
	if (module_of(record, record->pc))
		return;
	if (REGISTER_LINK >= 0)
		back = registers[REGISTER_LINK >= 0 ? REGISTER_LINK : 0];
	else if (!read_stack(record, record->sp, &back))
		return;
	if (!module_of(record, back))
		return;
	if (record->signal != SIGSEGV || record->address != record->pc)
		add(calls, record->pc, false);
	/* As if the call had just begun: a call at the end of a function is behind it. */
	registers[REGISTER_PC] = back - 1;
	if (REGISTER_LINK < 0)
		registers[REGISTER_SP] += sizeof(back);
}

#ifdef HAVE_LIBDW
struct session {
	struct calls *calls;
	uint64_t registers[CRASH_REGISTERS];
};

static pid_t next_thread(Dwfl *dwfl, void *data, void **thread)
{
	(void)dwfl;
	struct session *session = data;
	if (*thread)
		return 0;
	*thread = session;
	return session->calls->record->thread;
}

static bool get_thread(Dwfl *dwfl, pid_t thread, void *data, void **ret)
{
	(void)dwfl, (void)thread;
	*ret = data;
	return true;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *data)
{
	(void)dwfl;
	struct calls *calls = ((struct session *)data)->calls;
	if (read_stack(calls->record, address, ret))
		return true;
	calls->missed = address;
	return false;
}

static bool set_registers(Dwfl_Thread *thread, void *data)
{
	struct session *session = data;
	if (REGISTERS == 0 ||
	    !dw.dwfl_thread_state_registers(thread, 0, REGISTERS, session->registers))
		return false;
	if (REGISTER_PC >= REGISTERS)
		dw.dwfl_thread_state_register_pc(thread, session->registers[REGISTER_PC]);
	return true;
}

static int visit_frame(Dwfl_Frame *frame, void *data)
{
	struct calls *calls = data;
	Dwarf_Addr address;
	bool interrupted;
	calls->missed = 0; /* if anything, then not what led here */
	if (!dw.dwfl_frame_pc(frame, &address, &interrupted) || address == 0)
		return 1;
	return add(calls, address, !interrupted) ? 0 : 1;
}

static const Dwfl_Thread_Callbacks callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_registers,
};

/* The kernel's code in every process: the same in this one. */
static int open_vdso(const struct crash_module *module)
{
	const char *here = (const char *)getauxval(AT_SYSINFO_EHDR);
	int fd = here ? memfd_create("vdso", MFD_CLOEXEC) : -1;
	size_t size = module->end - module->start;
	if (fd < 0 || size > 65536)
		return fd;
	if (write(fd, here, size) < 0)
		size = 0;
	return fd;
}

/* The module's file if it still is the one that was mapped; the program's own is also known
 * when it was replaced or deleted. */
static int open_module(const struct crash_record *record, const struct crash_module *module)
{
	const char *path = record->paths + module->path;
	const char *const paths[] = {path, "/proc/self/exe"};
	if (path[0] != '/')
		return open_vdso(module);
	for (int i = 0; i < 2; i++) {
		unsigned char head[4096], id[REFERENCE_ID_SIZE];
		int fd = open(paths[i], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		ssize_t size = fd < 0 ? -1 : pread(fd, head, sizeof(head), 0);
		if (size > 0 && module_id(head, (size_t)size, id) == module->id_size &&
		    (module->id_size || i == 0) && memcmp(id, module->id, sizeof(id)) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static Dwfl *begin(const struct crash_record *record)
{
	Dwfl *dwfl = libdw_begin();
	for (uint32_t i = 0; dwfl && i < record->module_count; i++) {
		const struct crash_module *module = &record->modules[i];
		int fd = open_module(record, module);
		const char *path = record->paths + module->path;
		if (fd >= 0 && !dw.dwfl_report_elf(dwfl, path, path, fd, module->start, false))
			close(fd);
	}
	if (dwfl)
		dw.dwfl_report_end(dwfl, NULL, NULL);
	return dwfl;
}

static void unwind_by_tables(Dwfl *dwfl, struct calls *calls, const uint64_t *registers)
{
	struct session session = {.calls = calls};
	pid_t thread = calls->record->thread;
	memcpy(session.registers, registers, sizeof(session.registers));
	if (dwfl && dw.dwfl_attach_state(dwfl, NULL, thread, &callbacks, &session))
		calls->ended = dw.dwfl_getthread_frames(dwfl, thread, visit_frame, calls) == 0 &&
			       !calls->missed;
}
#else
static Dwfl *begin(const struct crash_record *record)
{
	(void)record;
	return NULL;
}

static void unwind_by_tables(Dwfl *dwfl, struct calls *calls, const uint64_t *registers)
{
	(void)dwfl, (void)calls, (void)registers;
}
#endif

/* How many of the recorded frames, from one on, lie in code. */
static uint32_t good_frames(const struct crash_record *record, uint32_t from)
{
	uint32_t at = from;
	while (at < record->frame_count && module_of(record, record->frames[at]))
		at++;
	return at - from;
}

/* Replaces the calls from one on by the recorded frames. */
static void take_frames(struct calls *calls, int count, uint32_t from)
{
	const struct crash_record *record = calls->record;
	calls->count = count;
	for (uint32_t i = from, end = from + good_frames(record, from); i < end; i++)
		if (!add(calls, record->frames[i], true))
			return;
}

/* Whether the frame pointers go on behind one of the calls, and then from which frame on. They know
 * not the innermost, and of the others all or fewer. */
static bool find_common(const struct calls *calls, int *ret_call, uint32_t *ret_frame)
{
	const struct crash_record *record = calls->record;
	for (int i = calls->count - 1; i >= 0; i--)
		for (int j = i - 1; j >= 0; j--)
			if (j < (int)record->frame_count &&
			    record->frames[j] == calls->returns[i]) {
				*ret_call = i;
				*ret_frame = (uint32_t)j;
				return true;
			}
	return false;
}

/*
 * Goes on by the frame pointers behind the last call that both know, where that leads further.
 * Where they know none in common, the frame pointer may be that of a call far from the last: it
 * is the last one's if what the tables wanted next is the return address that it leads to.
 */
static void unwind_by_frames(struct calls *calls, const uint64_t *registers)
{
	const struct crash_record *record = calls->record;
	int call, count = calls->count;
	uint32_t frame;
	if (find_common(calls, &call, &frame)) {
		if (call + 1 + (int)good_frames(record, frame + 1) <= count)
			return;
		calls->leapt = call + 1 < count;
		take_frames(calls, call + 1, frame + 1);
	} else if (count <= 2) {
		take_frames(calls, count, 0);
		calls->leapt = calls->count > count && calls->missed &&
			       calls->missed != registers[REGISTER_FP] + sizeof(uint64_t);
	}
	calls->ended = calls->count > count;
}

static void unwind(Dwfl *dwfl, struct calls *calls)
{
	uint64_t registers[CRASH_REGISTERS];
	start_in_code(calls, registers);
	int before = calls->count;
	unwind_by_tables(dwfl, calls, registers);
	if (calls->count == before)
		add(calls, registers[REGISTER_PC], false);
	if (!calls->ended)
		unwind_by_frames(calls, registers);
}

static bool is_target_caller(const struct crash_record *record, uint64_t address)
{
	return address >= record->targets_start && address < record->targets_end;
}

/* A library of the system's, by its name: those of other processes have no other mark. */
static bool in_c_library(const struct crash_record *record, uint64_t address)
{
	static const char *const names[] = {"libc.so", "libc-2", "ld-linux", "ld-2", "libpthread"};
	const struct crash_module *module = module_of(record, address);
	if (!module)
		return false;
	const char *path = record->paths + module->path, *slash = strrchr(path, '/');
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slash && strncmp(slash + 1, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/*
 * Leaves the program's calls: without those that lead to the target, to a thread's function
 * or to main, and of the C library's, when it failed in there, only the one that was called.
 */
static void cut(struct calls *calls)
{
	const struct crash_record *record = calls->record;
	int count = 0, first = 0, own = 0;
	while (count < calls->count && !is_target_caller(record, calls->at[count])) {
		if (!in_c_library(record, calls->at[count]))
			own = count + 1;
		count++;
	}
	calls->complete =
		!calls->leapt && (count < calls->count || (calls->ended && own > 0 && own < count));
	if (count == calls->count && own > 0)
		count = own;
	while (first + 1 < count && in_c_library(record, calls->at[first]) &&
	       in_c_library(record, calls->at[first + 1]))
		first++;
	calls->count = count - first;
	memmove(calls->at, calls->at + first, (size_t)calls->count * sizeof(calls->at[0]));
}

/* Looks for the module in this process; *ret gets the distance between the two. */
struct twin {
	const struct crash_module *module;
	uint64_t load_address;
	bool found;
};

static int compare_module(struct dl_phdr_info *info, size_t size, void *data)
{
	(void)size;
	struct twin *twin = data;
	unsigned char id[REFERENCE_ID_SIZE];
	const ElfW(Phdr) *first = NULL;
	for (int i = 0; i < info->dlpi_phnum && !first; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_offset == 0)
			first = &info->dlpi_phdr[i];
	if (!first || !twin->module->id_size)
		return 0;
	const unsigned char *head = (const unsigned char *)(info->dlpi_addr + first->p_vaddr);
	size_t length = first->p_filesz < 4096 ? first->p_filesz : 4096;
	if (module_id(head, length, id) != twin->module->id_size ||
	    memcmp(id, twin->module->id, sizeof(id)) != 0)
		return 0;
	twin->load_address = (uintptr_t)head;
	twin->found = true;
	return 1;
}

/* Without libdw: the dynamic symbols of the same module in this process, if it has it. */
static void find_dynamic(const struct crash_module *module, uint64_t address, symbol *ret)
{
	Dl_info info;
	struct twin twin = {.module = module};
	dl_iterate_phdr(compare_module, &twin);
	if (!twin.found)
		return;
	uint64_t here = twin.load_address + (address - module->start);
	if (!dladdr((void *)(uintptr_t)here, &info) || !info.dli_sname)
		return;
	ret->function = info.dli_sname;
	ret->offset = here - (uintptr_t)info.dli_saddr;
}

/* As the module's file counts. */
static uint64_t offset_in(const struct crash_module *module, uint64_t address)
{
	return module ? address - module->start + module->base : address;
}

static int name_call(Dwfl *dwfl, const struct crash_record *record, uint64_t address, symbol *names)
{
	const struct crash_module *module = module_of(record, address);
	*names = (symbol){
		.offset = offset_in(module, address),
		.module = module ? record->paths + module->path : NULL,
	};
	int count = dwfl ? libdw_find(dwfl, address, names, FRAMES_MAX) : 0;
	if (count > 0)
		return count;
	if (module)
		find_dynamic(module, address, names);
	return 1;
}

static bool is_main(const symbol *at)
{
	return at->function && strcmp(at->function, "main") == 0;
}

void unwind_write(const struct crash_record *record, FILE *out)
{
	struct calls calls = {.record = record};
	symbol *names = calloc(FRAMES_MAX, sizeof(*names));
	Dwfl *dwfl = names && getauxval(AT_BASE) ? begin(record) : NULL;
	unwind(dwfl, &calls);
	cut(&calls);
	frames_begin(out, calls.complete);
	bool done = !names;
	for (int i = 0; !done && i < calls.count; i++) {
		int count = name_call(dwfl, record, calls.at[i], names);
		for (int j = 0; j < count; j++)
			frames_write(out, calls.at[i], &names[j]);
		done = is_main(&names[count - 1]);
	}
	libdw_end(dwfl);
	free(names);
}

void unwind_write_bare(const struct crash_record *record, FILE *out)
{
	struct calls calls = {.record = record};
	unwind(NULL, &calls);
	cut(&calls);
	frames_begin(out, calls.complete);
	for (int i = 0; i < calls.count; i++) {
		const struct crash_module *module = module_of(record, calls.at[i]);
		symbol at = {.offset = offset_in(module, calls.at[i]),
			     .module = module ? record->paths + module->path : NULL};
		frames_write(out, calls.at[i], &at);
	}
}
