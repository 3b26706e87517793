/* SPDX-License-Identifier: MIT */
/* A module whose function crashes, and one that calls what it is given. */

void plugin_crash(int *pointer);
void plugin_call(void (*function)(int *), int *pointer);

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

__attribute__((visibility("default"))) void plugin_call(void (*function)(int *), int *pointer)
{
	function(pointer);
	__asm__ volatile("" ::: "memory");
}
