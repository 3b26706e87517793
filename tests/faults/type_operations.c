/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <stdlib.h>
#include <string.h>

typedef struct part {
	int id;
	const char *name;
} part;
BROOD_TYPE(part, id, name);

typedef struct whole {
	part first;
	part *parts;
	int n_parts;
} whole;
BROOD_TYPE(whole, BROOD_NESTED(part, first), BROOD_MANY(part, parts, n_parts));

static part parts[] = {{1, "one"}, {2, "two"}};
static whole example = {.first = {0, "zero"}, .parts = parts, .n_parts = 2};

static bool is_example(const whole *value)
{
	return value->first.id == 0 && value->n_parts == 2 &&
	       strcmp(value->parts[1].name, "two") == 0;
}

static void copy(void)
{
	brood_value value = BROOD_POINTED(whole, &example);
	whole *made = TRY_NEW(brood_copy(value));
	if (!made)
		expect((made = brood_copy(value)));
	expect(is_example(made));
	expect(strcmp(TRY_NEW(brood_type_name(made)), "whole") == 0);
	expect(TRY_ANY(brood_type_is(made, &brood_type_whole)));
	brood_free(made);
}

static void dump_and_load(void)
{
	static char untouched;
	void *data = &untouched;
	size_t size = 7;
	brood_value value = BROOD_POINTED(whole, &example);
	int r = (int)TRY(brood_dump(value, &data, &size));
	if (r < 0) {
		expect(data == &untouched && size == 7);
		expect(brood_dump(value, &data, &size) == 0);
	}
	whole *loaded = TRY_NEW(brood_load_as(&brood_type_whole, data, size));
	if (!loaded)
		expect((loaded = brood_load_as(&brood_type_whole, data, size)));
	expect(is_example(loaded));
	brood_free(loaded);
	free(data);
}

static const operation table[] = {
	{.name = "type copy", .run = copy},
	{.name = "type dump", .run = dump_and_load},
};
const operations type_operations = OPERATIONS(table);
