/* SPDX-License-Identifier: MIT */

#include "type/handles.h"

#include <string.h>

#include "type/body.h"

typedef struct walk {
	handle_visit *visit;
	void *argument;
} walk;

static void walk_values(const walk *w, const brood_type *type, const unsigned char *from, size_t n);

static void walk_field(const walk *w, const brood_field *field, const unsigned char *from)
{
	const unsigned char *elements = from + field->offset;
	uint64_t n = field->count;
	if (field->counter) {
		memcpy(&elements, from + field->offset, sizeof(elements));
		if (!elements || !body_count(field->counter, from + field->counter_offset, &n))
			n = 0;
	}
	walk_values(w, field->type, elements, n);
}

static void walk_value(const walk *w, const brood_type *type, const unsigned char *from)
{
	void *handle;
	if (type->kind == BROOD_KIND_STRUCT)
		for (uint32_t i = 0; i < body_fields(type); i++)
			walk_field(w, &type->fields[i], from);
	if (type->kind != BROOD_KIND_HANDLE)
		return;
	memcpy(&handle, from, sizeof(handle));
	if (handle)
		w->visit(type, handle, w->argument);
}

static void walk_values(const walk *w, const brood_type *type, const unsigned char *from, size_t n)
{
	if (type->kind != BROOD_KIND_STRUCT && type->kind != BROOD_KIND_HANDLE)
		return;
	for (size_t i = 0; i < n; i++)
		walk_value(w, type, from + i * type->size);
}

void handles_visit(const brood_value *value, handle_visit *visit, void *argument)
{
	const walk w = {visit, argument};
	const void *from = value->from ? value->from : &value->inside;
	if (value->type)
		walk_values(&w, value->type, from, 1);
}

bool handle_is_connection(const brood_type *type)
{
	return type->kind == BROOD_KIND_HANDLE &&
	       strcmp(type->name, brood_type_brood_connection_handle.name) == 0;
}
