/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_CRASH_RECORD_H
#define PROCESS_CRASH_RECORD_H

/*
 * What a dying process leaves in the heap for its parent: a block that it owns, and that its
 * process object refers to. It holds no pointers to follow, only numbers and offsets, since
 * whoever reads it cannot know what the writer's memory was worth: report_record.c checks
 * every one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reference.h"

enum {
	CRASH_FRAMES = 128,
	CRASH_MODULES = 256,
	CRASH_PATHS = 24576,
	CRASH_STACK = 262144, /* bytes of the stack, from its top on */
	CRASH_BELOW = 256,    /* and below its top, where leaf functions keep things */
	CRASH_REGISTERS = 33, /* in DWARF's order */
	CRASH_MESSAGE = 256,
	CRASH_RAISED = 65536, /* bytes of what brood_raise() leaves */
};

#define CRASH_MAGIC  UINT64_C(0x6873617263647262)
#define RAISED_MAGIC UINT64_C(0x6465736961726462)

/* A program or library, as it was mapped. */
struct crash_module {
	uint64_t start, end;	       /* of all of it */
	uint64_t base;		       /* what its file has for the address of start */
	uint64_t code_start, code_end; /* of what can be executed */
	uint32_t path;		       /* offset in paths */
	uint32_t id_size;
	unsigned char id[REFERENCE_ID_SIZE]; /* its build-id */
};

struct crash_record {
	uint64_t magic; /* the last that is written */
	int32_t signal;
	int32_t code; /* siginfo's */
	uint64_t address;
	int32_t sender;
	uint32_t sender_user;
	int32_t thread;
	uint32_t access; /* enum crash_access */
	char thread_name[16];
	char message[CRASH_MESSAGE]; /* what the C library said when it called abort() */

	uint64_t pc, sp;
	uint64_t registers[CRASH_REGISTERS];
	uint64_t targets_start, targets_end; /* the code that calls targets: stacks begin there */

	uint32_t frame_count; /* return addresses, found by frame pointers */
	uint32_t module_count;
	uint64_t frames[CRASH_FRAMES];
	struct crash_module modules[CRASH_MODULES];
	char paths[CRASH_PATHS];

	uint64_t stack_floor; /* where the stack's mapping begins */
	uint64_t stack_start; /* of the copy */
	uint64_t stack_size;
	char stack[];
};

enum crash_access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };

/* What brood_raise() leaves: type, message and the lines of frames.h, each with a NUL. */
struct raised_record {
	uint64_t magic;
	uint32_t size;
	char text[];
};

/*
 * The build-id of a program or library, from its first bytes. Returns its size,
 * 0 when it has none there. Async-signal-safe; trusts nothing.
 */
uint32_t module_id(const unsigned char *head, size_t size, unsigned char id[REFERENCE_ID_SIZE]);

/* The modules of this process, from /proc/self/maps. Async-signal-safe. */
void modules_record(struct crash_record *record);

/* The mapping that is the stack with this top, or would be if it had room. Async-signal-safe. */
bool modules_find_stack(uint64_t top, uint64_t *ret_start, uint64_t *ret_end);

#endif
