/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULTS_OPERATIONS_H
#define TESTS_FAULTS_OPERATIONS_H

/*
 * An operation is a short use of a few public functions: what it needs is made, the
 * calls under test are made inside TRY(), and all is undone, whatever failed. It
 * runs once for each call below it that can fail, and each error of that call.
 *
 * A new layer adds a file with its table, and a line in test_faults.c.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "brood/brood.h"
#include "fault.h"

typedef struct operation {
	const char *name;
	void (*run)(void);
	bool starts;   /* processes, in which calls are to fail, too */
	bool speaks;   /* may write to standard error */
	bool keeps;    /* makes what lives as long as the program */
	unsigned most; /* calls that are made to fail; 0: all */
} operation;

typedef struct operations {
	const operation *first;
	size_t count;
} operations;
#define OPERATIONS(table)                               \
	{                                               \
		table, sizeof(table) / sizeof(table[0]) \
	}

extern const operations base_operations, heap_operations, type_operations, log_operations,
	process_operations, method_operations, load_operations, sync_operations, queue_operations,
	pipe_operations, report_operations, shared_operations;

/*
 * Makes a call under test. TRY(): one that returns a negative errno when it fails;
 * TRY_NEW(): NULL with errno; both must then leave a sentence of their own.
 * TRY_ANY(): anything else that has a value. TRY_VOID(): nothing.
 */
#define TRY(...)      (try_begin(CALL_TEXT(__VA_ARGS__)), try_end_number(__VA_ARGS__))
#define TRY_NEW(...)  (try_begin(CALL_TEXT(__VA_ARGS__)), try_end_pointer(__VA_ARGS__))
#define TRY_ANY(...)  (try_begin(CALL_TEXT(__VA_ARGS__)), try_end_any(__VA_ARGS__))
#define TRY_VOID(...) (try_begin(CALL_TEXT(__VA_ARGS__)), (__VA_ARGS__), try_end())

/* Notes that a call is made which does not return, or in another process. */
#define MADE(...)	  fault_note(CALL_TEXT(__VA_ARGS__))

#define CALL_TEXT(...)	  CALL_TEXT_OF(__VA_ARGS__)
#define CALL_TEXT_OF(...) #__VA_ARGS__
#define try_end_any(...)                                        \
	__extension__({                                         \
		__typeof__(__VA_ARGS__) value_ = (__VA_ARGS__); \
		try_end();                                      \
		value_;                                         \
	})

void try_begin(const char *text);
void try_end(void);
long long try_end_number(long long value);
void *try_end_pointer(const void *value);

/* The test fails unless so; says what failed, and the fault that was made. */
#define expect(condition) expect_that((condition), #condition, __FILE__, __LINE__)
bool expect_that(bool condition, const char *text, const char *file, int line);

/* Whether a fault has been made in this run: then results may differ. */
bool faulted(void);

/* Joins the process, which must have ended with this code, or failed since a fault hit it; frees
 * it.
 */
void expect_end(brood_process *process, int code);

#endif
