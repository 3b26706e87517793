/* SPDX-License-Identifier: MIT */

#include "brood/base.h"

#define TEXT_OF(x) #x
#define TEXT(x)	   TEXT_OF(x)

const char *brood_version(void)
{
	return TEXT(BROOD_VERSION_MAJOR) "." TEXT(BROOD_VERSION_MINOR) "." TEXT(
		BROOD_VERSION_PATCH);
}
