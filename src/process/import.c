/* SPDX-License-Identifier: MIT */
/* Targets by name, as Python imports the module of a target. */

#include "process/import.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/reference.h"

/* As Python looks beside the script first: the program's own folder, then dlopen()'s places. */
static void *open_beside_program(const char *module)
{
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length < 0)
		return NULL;
	path[length] = '\0';
	char *slash = strrchr(path, '/');
	size_t room = sizeof(path) - (size_t)(slash + 1 - path);
	if ((size_t)snprintf(slash + 1, room, "%s", module) >= room || access(path, F_OK) < 0)
		return NULL;
	return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static int open_module(const char *module, void **ret)
{
	if (*module == '\0') {
		*ret = RTLD_DEFAULT;
		return 0;
	}
	void *handle = strchr(module, '/') ? NULL : open_beside_program(module);
	if (!handle)
		handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();
		bool absent = strstr(why, "No such file") != NULL;
		return error_set(
			absent ? ENOENT : ELIBBAD, "cannot import from '%s': %s%s", module, why,
			absent && !strchr(module, '/')
				? "; it is neither beside the program nor in the loader's path"
				: "");
	}
	*ret = handle;
	return 0;
}

/* Data has an address, too, and to call it would kill the process. */
static bool is_function(void *address)
{
	any_function function;
	reference unused;
	memcpy(&function, &address, sizeof(address));
	return reference_to(function, &unused) != -EINVAL;
}

int import_function(const char *import, void (**ret)(void *))
{
	char module[PATH_MAX] = "";
	const char *colon = strrchr(import, ':');
	const char *name = colon ? colon + 1 : import;
	/* No function's name has a dot or a slash, but a module's that stands alone. */
	if (*name == '\0' || strpbrk(name, "./") || colon == import ||
	    (colon && (size_t)(colon - import) >= sizeof(module)))
		return error_set(EINVAL,
				 "cannot import '%s': the form is \"module.so:function\", or "
				 "\"function\" for one of the program itself",
				 import);
	if (colon)
		memcpy(module, import, (size_t)(colon - import));
	void *handle = NULL;
	int r = open_module(module, &handle);
	if (r < 0)
		return r;
	void *address = dlsym(handle, name);
	if (!address && *module)
		return error_set(ENOENT, "'%s' has no symbol '%s'", module, name);
	if (!address)
		return error_set(ENOENT,
				 "the program exports no symbol '%s': link it with -rdynamic, or "
				 "pass the function as .target",
				 name);
	if (!is_function(address))
		return error_set(EINVAL, "'%s' is no function", import);
	/* The one cast from data to function that POSIX grants, for dlsym(). */
	memcpy(ret, &address, sizeof(address));
	return 0;
}
