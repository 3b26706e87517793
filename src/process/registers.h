/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_REGISTERS_H
#define PROCESS_REGISTERS_H

/* The registers at a crash, in the order in which DWARF numbers them. Async-signal-safe. */

#include <ucontext.h>

#include "process/crash_record.h"

#if defined(__x86_64__)

enum {
	REGISTERS = 17, /* the last is the return address, and as such the program counter */
	REGISTER_FP = 6,
	REGISTER_SP = 7,
	REGISTER_PC = 16,
	REGISTER_LINK = -1, /* a call leaves its return address on the stack */
};

static inline uint64_t registers_stack_pointer(const ucontext_t *context)
{
	return (uint64_t)context->uc_mcontext.gregs[REG_RSP];
}

static inline uint64_t registers_frame_pointer(const ucontext_t *context)
{
	return (uint64_t)context->uc_mcontext.gregs[REG_RBP];
}

static inline void registers_record(struct crash_record *record, const ucontext_t *context)
{
	static const unsigned char order[REGISTERS] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
		REG_R9,	 REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
	for (int i = 0; i < REGISTERS; i++)
		record->registers[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
	record->pc = record->registers[REGISTER_PC];
	record->sp = record->registers[REGISTER_SP];
}

/* For a fault of memory: from the page fault's error code. */
static inline uint32_t registers_access(const ucontext_t *context)
{
	enum { PAGE_FAULT = 14, WROTE = 2, FETCHED = 16 };
	const greg_t *registers = context->uc_mcontext.gregs;
	if (registers[REG_TRAPNO] != PAGE_FAULT)
		return ACCESS_UNKNOWN;
	return registers[REG_ERR] & FETCHED ? ACCESS_EXECUTE
	       : registers[REG_ERR] & WROTE ? ACCESS_WRITE
					    : ACCESS_READ;
}

#elif defined(__aarch64__)

enum {
	REGISTERS = 32,
	REGISTER_FP = 29,
	REGISTER_SP = 31,
	REGISTER_PC = 32,
	REGISTER_LINK = 30,
};

static inline uint64_t registers_stack_pointer(const ucontext_t *context)
{
	return context->uc_mcontext.sp;
}

static inline uint64_t registers_frame_pointer(const ucontext_t *context)
{
	return context->uc_mcontext.regs[29];
}

static inline void registers_record(struct crash_record *record, const ucontext_t *context)
{
	for (int i = 0; i < 31; i++)
		record->registers[i] = context->uc_mcontext.regs[i];
	record->sp = record->registers[REGISTER_SP] = context->uc_mcontext.sp;
	record->pc = record->registers[REGISTER_PC] = context->uc_mcontext.pc;
}

static inline uint32_t registers_access(const ucontext_t *context)
{
	(void)context;
	return ACCESS_UNKNOWN;
}

#else

/* Unknown here: a report has the signal, but no stack. */
enum { REGISTERS = 0, REGISTER_FP = 0, REGISTER_SP = 0, REGISTER_PC = 0, REGISTER_LINK = -1 };

static inline uint64_t registers_stack_pointer(const ucontext_t *context)
{
	return (uintptr_t)context;
}

static inline uint64_t registers_frame_pointer(const ucontext_t *context)
{
	(void)context;
	return 0;
}

static inline void registers_record(struct crash_record *record, const ucontext_t *context)
{
	(void)record, (void)context;
}

static inline uint32_t registers_access(const ucontext_t *context)
{
	(void)context;
	return ACCESS_UNKNOWN;
}

#endif

_Static_assert((int)REGISTERS <= (int)CRASH_REGISTERS && (int)REGISTER_PC < (int)CRASH_REGISTERS,
	       "the record has room for all registers");

#endif
