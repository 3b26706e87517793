/* SPDX-License-Identifier: MIT */
/* Which start method: the default, the environment's, a context's. */

#include "process/method.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/newborn.h"

/* In the order of enum method_number. */
static const start_method *const methods[] = {&method_fork, &method_spawn, &method_forkserver};
enum { METHODS = sizeof(methods) / sizeof(methods[0]) };

NEWBORN_DATA static const start_method *_Atomic settled;

const start_method *method_named(const char *name)
{
	for (int i = 0; name && i < METHODS; i++)
		if (strcmp(methods[i]->name, name) == 0)
			return methods[i];
	error_record(EINVAL,
		     "cannot find context for '%s': the start methods are fork, spawn and "
		     "forkserver",
		     name ? name : "(null)");
	return NULL;
}

static const start_method *from_environment(void)
{
	const char *name = getenv("BROOD_START_METHOD");
	if (!name || !*name)
		return methods[0];
	const start_method *method = method_named(name);
	if (!method)
		error_null(EINVAL,
			   "BROOD_START_METHOD in the environment is '%s': the start methods are "
			   "fork, spawn and forkserver",
			   name);
	return method;
}

const start_method *method_default(void)
{
	const start_method *found = settled, *method = found ? found : from_environment();
	if (!found && method && !atomic_compare_exchange_strong(&settled, &found, method))
		return found;
	return method;
}

enum method_number method_default_number(void)
{
	const start_method *method = method_default();
	for (int i = 0; i < METHODS; i++)
		if (methods[i] == method)
			return (enum method_number)((int)METHOD_FORK + i);
	return METHOD_UNKNOWN;
}

NEWBORN void method_inherit(enum method_number number)
{
	if (number != METHOD_UNKNOWN)
		settled = methods[(int)number - (int)METHOD_FORK];
}

int brood_set_start_method(const char *name)
{
	const start_method *unsettled = NULL, *method = method_named(name);
	if (!method)
		return -EINVAL;
	if (!atomic_compare_exchange_strong(&settled, &unsettled, method))
		return error_set(EBUSY,
				 "context has already been set, to %s: set the start method at the "
				 "beginning of main(), or use brood_force_start_method()",
				 unsettled->name);
	return 0;
}

int brood_force_start_method(const char *name)
{
	const start_method *method = name ? method_named(name) : NULL;
	if (name && !method)
		return -EINVAL;
	settled = method;
	return 0;
}

const char *brood_get_start_method(void)
{
	const start_method *method = method_default();
	return method ? method->name : NULL;
}

const char *brood_peek_start_method(void)
{
	const start_method *method = settled;
	errno = 0;
	return method ? method->name : NULL;
}

const char *const *brood_all_start_methods(void)
{
	static const char *const names[] = {"fork", "spawn", "forkserver", NULL};
	return names;
}

const brood_context *brood_get_context(const char *name)
{
	const start_method *method = method_named(name);
	return method ? method : error_to_null(-EINVAL);
}

const char *brood_context_start_method(const brood_context *context)
{
	if (!context) {
		error_absent("the context");
		return NULL;
	}
	return context->name;
}
