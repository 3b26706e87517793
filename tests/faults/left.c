/* SPDX-License-Identifier: MIT */

#include "left.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "allocations.h"
#include "base/sigmask.h"
#include "brood/heap.h"
#include "heap/map.h"

int complaints;
bool complaining = true;
static int kept = STDERR_FILENO;

void left_begin(void)
{
	kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
	int fd = memfd_create("stderr", 0);
	dup2(fd, STDERR_FILENO);
	fcntl(STDERR_FILENO, F_SETFL, O_APPEND);
	close(fd);
}

void complain(const char *format, ...)
{
	va_list args;
	if (!complaining)
		return;
	va_start(args, format);
	vdprintf(kept, format, args);
	va_end(args);
	complaints += format[strlen(format) - 1] == '\n';
}

void complain_what_was_said(void)
{
	static off_t from;
	char text[2000];
	ssize_t length =
		kept == STDERR_FILENO ? 0 : pread(STDERR_FILENO, text, sizeof(text) - 1, from);
	if (length <= 0)
		return;
	from = lseek(STDERR_FILENO, 0, SEEK_END);
	complain("standard error has: %.*s", (int)length, text);
}

static size_t count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;
	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

static size_t count_slots(void)
{
	uint32_t backed = HEAP_NEAR_SLOTS + atomic_load(&heap_map.super->slots_backed);
	size_t count = 0;
	for (uint32_t i = 0; i < backed && i < heap_map.slot_count; i++)
		count += atomic_load(&map_slot(i)->state) != SLOT_FREE;
	return count;
}

left left_now(void)
{
	brood_heap_stats stats = {0};
	brood_heap_stats_get(&stats);
	uint64_t nothing = 0;
	return (left){
		.descriptors = count_descriptors(),
		.blocks = stats.blocks,
		.slots = count_slots(),
		.allocations = allocations_count(),
		.signals_blocked = sigmask_change(SIG_BLOCK, nothing).before,
		.written = lseek(STDERR_FILENO, 0, SEEK_END),
	};
}
