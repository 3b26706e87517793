/* SPDX-License-Identifier: MIT */

#include "base/options.h"

#include <string.h>

#include "base/error.h"

int options_copy(const void *given, void *ret, size_t size, const char *instead)
{
	size_t given_size;
	if (!given)
		return error_set(EINVAL, "the options are NULL");
	memcpy(&given_size, given, sizeof(given_size));
	/* Such structs are as aligned as their first member. */
	if (given_size < sizeof(given_size) || given_size > size ||
	    given_size % sizeof(given_size) != 0)
		return error_set(EINVAL,
				 "the options' size is %zu, not the %zu of this library's: %s",
				 given_size, size, instead);
	memcpy(ret, given, given_size);
	return 0;
}
