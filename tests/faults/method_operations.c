/* SPDX-License-Identifier: MIT */

#include "operations.h"

#include <string.h>

static void methods(void)
{
	const char *const *all = TRY_ANY(brood_all_start_methods());
	for (int i = 0; all[i]; i++) {
		const brood_context *context = TRY_ANY(brood_get_context(all[i]));
		expect(strcmp(TRY_ANY(brood_context_start_method(context)), all[i]) == 0);
	}
	const char *before = TRY_NEW(brood_get_start_method());
	expect(TRY(brood_force_start_method(NULL)) == 0);
	expect(!TRY_ANY(brood_peek_start_method()));
	expect(TRY(brood_set_start_method(all[0])) == 0);
	expect(TRY(brood_set_start_method(all[0])) == -EBUSY);
	expect(brood_force_start_method(before) == 0);
}

static void server(void)
{
	static const char *const modules[] = {"libm.so.6", NULL};
	if (TRY(brood_forkserver_preload(modules)) < 0)
		expect(brood_forkserver_preload(modules) == 0);
	expect(TRY(brood_forkserver_set_warm(1)) == 0);
	if (TRY(brood_forkserver_start()) < 0) {
		fault_disarm();
		expect(brood_forkserver_start() == 0);
	}
	TRY_VOID(brood_forkserver_stop());
	expect(brood_forkserver_set_warm(2) == 0);
	expect(brood_forkserver_preload(NULL) == 0);
}

static const operation table[] = {
	{.name = "method methods", .run = methods},
	{.name = "process server", .run = server, .starts = true},
};
const operations method_operations = OPERATIONS(table);
