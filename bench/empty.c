/* SPDX-License-Identifier: MIT */
/* A dynamic program that does nothing but to write when main() has begun. */

#include "start.h"

int main(void)
{
	stamp_by_descriptor();
	return 0;
}
