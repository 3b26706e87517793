/* SPDX-License-Identifier: MIT */

#include <stdio.h>

void plugged(void *arg);
void plugged(void *arg)
{
	printf("plugged %d\n", *(int *)arg);
}
