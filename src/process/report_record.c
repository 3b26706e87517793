/* SPDX-License-Identifier: MIT */
/*
 * Between the process that leaves a record and the one that reads it there is memory which the
 * first may have spoiled before it died. So the block is looked up in the heap's own
 * records, copied, and only the copy is looked at.
 */

#include "process/report_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "process/self.h"

void record_raised(const char *type, const char *message, const char *lines)
{
	void *none = NULL;
	brood_process *self = brood_current_process();
	size_t type_size = strnlen(type, CRASH_RAISED / 16) + 1;
	size_t message_size = strnlen(message, CRASH_RAISED * 3 / 8) + 1;
	size_t lines_size = lines ? strnlen(lines, CRASH_RAISED / 2) + 1 : 1;
	size_t size = type_size + message_size + lines_size;
	struct raised_record *record = brood_calloc(1, sizeof(*record) + size);
	if (!record)
		return;
	record->magic = RAISED_MAGIC;
	record->size = (uint32_t)size;
	memcpy(record->text, type, type_size - 1);
	memcpy(record->text + type_size, message, message_size - 1);
	if (lines)
		memcpy(record->text + type_size + message_size, lines, lines_size - 1);
	/* The release pairs with the acquire in record_take(). */
	if (!atomic_compare_exchange_strong_explicit(&self->record, &none, record,
						     memory_order_release, memory_order_relaxed))
		brood_free(record);
}

/* A block that the dead process owned becomes ours; NULL when it is none. */
static void *take(void *block, heap_owner dead)
{
	return heap_give_owned(block, dead, table_owner(table_self())) == 0 ? block : NULL;
}

void record_take(brood_process *process)
{
	/* Pairs with the release of whoever has left it. */
	void *record = atomic_load_explicit(&process->record, memory_order_acquire);
	void *words = atomic_load_explicit(&process->words.ring, memory_order_acquire);
	heap_owner dead = table_owner(process->slot);
	if (record)
		atomic_store(&process->record, take(record, dead));
	if (words)
		atomic_store(&process->words.ring, take(words, dead));
}

void record_drop(brood_process *process)
{
	brood_free(atomic_exchange(&process->record, NULL));
	brood_free(atomic_exchange(&process->words.ring, NULL));
}

/* A copy of the record of a kind, with its size, and a NUL behind it. */
static int copy_record(const brood_process *process, uint64_t magic, size_t least, size_t most,
		       void **ret, size_t *ret_size)
{
	const void *record = process->record;
	size_t size = record ? brood_alloc_size(record) : 0;
	*ret = NULL;
	if (size < least || memcmp(record, &magic, sizeof(magic)) != 0)
		return 0;
	size = size < most ? size : most;
	char *copy = malloc(size + 1);
	if (!copy)
		return error_set(ENOMEM, "no memory for the report of '%s'",
				 brood_process_name(process));
	memcpy(copy, record, size);
	copy[size] = '\0';
	*ret = copy;
	*ret_size = size;
	return 0;
}

static void end_string(char *text, size_t size)
{
	text[size - 1] = '\0';
}

static void check_modules(struct crash_record *record)
{
	if (record->module_count > CRASH_MODULES)
		record->module_count = CRASH_MODULES;
	for (uint32_t i = 0; i < record->module_count; i++) {
		struct crash_module *module = &record->modules[i];
		if (module->path >= CRASH_PATHS || module->id_size > REFERENCE_ID_SIZE)
			*module = (struct crash_module){.path = CRASH_PATHS - 1};
	}
}

int record_crash(const brood_process *process, struct crash_record **ret)
{
	size_t size = 0;
	void *copy;
	int r = copy_record(process, CRASH_MAGIC, sizeof(**ret), sizeof(**ret) + CRASH_STACK, &copy,
			    &size);
	struct crash_record *record = *ret = copy;
	if (!record)
		return r;
	end_string(record->thread_name, sizeof(record->thread_name));
	end_string(record->message, sizeof(record->message));
	end_string(record->paths, sizeof(record->paths));
	check_modules(record);
	if (record->frame_count > CRASH_FRAMES)
		record->frame_count = CRASH_FRAMES;
	if (record->stack_size > size - sizeof(*record))
		record->stack_size = size - sizeof(*record);
	return 0;
}

/* The next of a number of strings; NULL when there is none. */
static const char *next_string(const char *text, const char *end)
{
	text += strlen(text) + 1;
	return text < end ? text : NULL;
}

int record_error(const brood_process *process, char **ret, const char **ret_message,
		 const char **ret_lines)
{
	size_t size = 0;
	void *copy;
	int r = copy_record(process, RAISED_MAGIC, sizeof(struct raised_record) + 1,
			    sizeof(struct raised_record) + CRASH_RAISED, &copy, &size);
	*ret = NULL;
	if (!copy)
		return r;
	struct raised_record *record = copy;
	size_t text_size = record->size;
	if (text_size > size - sizeof(*record))
		text_size = size - sizeof(*record);
	memmove(copy, record->text, text_size);
	*ret = copy;
	(*ret)[text_size] = '\0';
	const char *end = *ret + text_size;
	*ret_message = next_string(*ret, end);
	*ret_lines = *ret_message ? next_string(*ret_message, end) : NULL;
	if (!*ret_message)
		*ret_message = end;
	return 0;
}
