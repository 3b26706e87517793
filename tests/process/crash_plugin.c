/* SPDX-License-Identifier: MIT */
/* A module whose function crashes. */

void plugin_crash(int *pointer);

__attribute__((noinline)) static void store(int *pointer)
{
	*pointer = 1;
	__asm__ volatile("" ::: "memory");
}

__attribute__((visibility("default"))) void plugin_crash(int *pointer)
{
	store(pointer);
	__asm__ volatile("" ::: "memory");
}
