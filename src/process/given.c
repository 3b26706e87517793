/* SPDX-License-Identifier: MIT */

#include "process/given.h"

#include <errno.h>

#include "base/newborn.h"
#include "brood/heap.h"
#include "sync/port.h"
#include "type/handles.h"

static void count(const brood_type *type, void *handle, void *argument)
{
	size_t *n = argument;
	(void)handle;
	*n += handle_is_connection(type);
}

static void note(const brood_type *type, void *handle, void *argument)
{
	struct given *given = argument;
	if (handle_is_connection(type))
		given->ports[given->count++] = handle;
}

int given_collect(const brood_value *args, struct given **ret)
{
	size_t n = 0;
	handles_visit(args, count, &n);
	if (!n)
		return 0;
	struct given *given = brood_alloc(sizeof(*given) + n * sizeof(given->ports[0]));
	if (!given)
		return -errno;
	given->count = 0;
	handles_visit(args, note, given);
	*ret = given;
	return 0;
}

NEWBORN void given_keep(const struct given *given)
{
	port_keep(given ? given->ports : NULL, given ? given->count : 0);
}

int given_pack(const struct given *given, int *ret_fd)
{
	int r = given ? port_pack(given->ports, given->count) : -ENOENT;
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_fd = r < 0 ? -1 : r;
	return 0;
}
