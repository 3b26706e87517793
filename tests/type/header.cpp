/* SPDX-License-Identifier: MIT */
/* C++ uses the structs and functions, and describes by hand what C describes by macro. */

#include "brood/type.h"

#include <cstddef>

struct point {
	int x;
	const char *label;
};

namespace
{
const brood_field fields[] = {
	{"x", &brood_type_int, nullptr, offsetof(point, x), 1, 0},
	{"label", &brood_type_brood_string, nullptr, offsetof(point, label), 1, 0},
};
const brood_type type = {"point",	 fields, nullptr, sizeof(point), alignof(point), 2,
			 BROOD_KIND_STRUCT};
} // namespace

point *copied(const point &given);
int *copied(int given);

point *copied(const point &given)
{
	return static_cast<point *>(brood_copy(brood_value_at(&type, &given)));
}

int *copied(int given)
{
	brood_value value = brood_value_of(&brood_type_int, &given);
	brood_value none = brood_value();
	return static_cast<int *>(brood_copy(given ? value : none));
}
