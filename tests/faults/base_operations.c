/* SPDX-License-Identifier: MIT */

#include "operations.h"

static void questions(void)
{
	expect(*TRY_ANY(brood_version()) != '\0');
	expect(*TRY_ANY(brood_error()) != '\0');
	expect(TRY(brood_cpu_count()) >= 1);
}

static void sleeping(void)
{
	expect(TRY(brood_sleep(1e-4)) == 0);
}

static void interrupted(void)
{
	TRY_VOID(brood_interrupt());
	expect(TRY(brood_sleep(60)) == -EINTR);
}

static void musts(void)
{
	static int thing;
	expect(TRY(brood_must(3)) == 3);
	expect(TRY(brood_must(3L)) == 3);
	expect(TRY_NEW(brood_must(&thing)) == &thing);
}

static const operation table[] = {
	{.name = "base questions", .run = questions},
	{.name = "base sleep", .run = sleeping},
	{.name = "base interrupt", .run = interrupted},
	{.name = "base must", .run = musts},
};
const operations base_operations = OPERATIONS(table);
