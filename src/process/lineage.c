/* SPDX-License-Identifier: MIT */
/*
 * A process that forks twice and calls setsid() has neither parent nor session in common with
 * the one that it descends from. But it cannot help inheriting
 *
 *  - its memory: so the child of each fork() maps a page of the heap's file, accessible to nobody,
 *    at an offset beyond the file's end that is its parent's lineage. All that are forked
 *    below show it in /proc/PID/maps, with the heap's inode;
 *  - its environment, when it executes another program: so a variable lists the lineages that
 *    a process is of. It is put there when the library is loaded, while there is one
 *    thread, and afterwards written in place; /proc/PID/environ shows what a program was
 *    executed with, also in what is forked below.
 *
 * What the program itself starts bears no lineage and pays nothing: a mapping costs a new process
 * as much as three page faults. A program executed with an environment of somebody's making bears
 * no sign, nor does what a raw clone(2) has made; while its parents live it is found by them.
 */

#include "process/lineage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/newborn.h"
#include "base/procfs.h"
#include "base/raw.h"
#include "heap/map.h"

#define VARIABLE "BROOD_TREE="

enum {
	GENERATION_BITS = 28,
	DIGITS = 11, /* of a lineage, in hexadecimal */
	ENTRY_SIZE = 1 + 16 + 1 + DIGITS,
	OFFSET_SHIFT = 16, /* the largest page there is */
};
static const uint64_t offset_base = UINT64_C(1) << 62; /* no mapping of the heap's own is there */

/* VARIABLE, and for each lineage ";INODE.NUMBER", outermost first. The inode tells families apart:
 * a process of one may run a program that is the root of another. */
NEWBORN_DATA static struct {
	dev_t device;
	uint64_t inode;
	lineage unmapped; /* what a child is still to map */
	size_t length;
	char word[LINEAGE_WORD_SIZE];
} self = {.length = sizeof(VARIABLE) - 1, .word = VARIABLE};

lineage lineage_of(table_place place)
{
	const uint32_t mask = (UINT32_C(1) << GENERATION_BITS) - 1;
	if (!place.slot)
		return 0;
	return (uint64_t)table_index(place.slot) << GENERATION_BITS | (place.generation & mask);
}

static uint64_t offset_of(lineage which)
{
	return offset_base | which << OFFSET_SHIFT;
}

bool lineage_is_word(const char *variable)
{
	return strncmp(variable, VARIABLE, sizeof(VARIABLE) - 1) == 0;
}

void lineage_adopt(void)
{
	const char *inherited = getenv("BROOD_TREE");
	if (inherited == self.word + sizeof(VARIABLE) - 1)
		return;
	self.length = sizeof(VARIABLE) - 1;
	self.word[self.length] = '\0';
	if (inherited && strlen(inherited) < sizeof(self.word) - self.length &&
	    strspn(inherited, ";.0123456789abcdef") == strlen(inherited))
		self.length = (size_t)(stpcpy(self.word + self.length, inherited) - self.word);
	putenv(self.word);
}

void lineage_begin(void)
{
	struct stat file;
	if (heap_map.fd >= 0 && fstat(heap_map.fd, &file) == 0) {
		self.device = file.st_dev;
		self.inode = file.st_ino;
	}
	lineage_adopt();
}

/* Not sprintf(), for which a new process would copy a page more of its stack; and not from a table,
 * which would be a page more of the library. */
NEWBORN static char *put_number(char *end, uint64_t number, int digits)
{
	for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
		int digit = number >> shift & 15;
		*end++ = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
	}
	return end;
}

/* An entry as text; returns its length. */
NEWBORN static size_t put_entry(char entry[ENTRY_SIZE + 1], lineage which)
{
	int digits = 1;
	while (digits < 16 && self.inode >> (4 * digits))
		digits++;
	char *end = entry;
	*end++ = ';';
	end = put_number(end, self.inode, digits);
	*end++ = '.';
	end = put_number(end, which, DIGITS);
	*end = '\0';
	return (size_t)(end - entry);
}

/* Appends it, if it is not there. Where there is no room the outermost makes some: forty
 * generations further up. Returns the length. */
NEWBORN static size_t append(char *word, size_t length, lineage which)
{
	while (length + ENTRY_SIZE >= LINEAGE_WORD_SIZE) {
		char *first = word + sizeof(VARIABLE) - 1;
		char *second = strchr(first + 1, ';');
		size_t gone = second ? (size_t)(second - first) : strlen(first);
		memmove(first, first + gone, length - gone - (sizeof(VARIABLE) - 1) + 1);
		length -= gone;
	}
	char *entry = word + length;
	size_t size = put_entry(entry, which), same = 0;
	while (length >= size && same < size && entry[same] == *(entry - size + same))
		same++; /* not memcmp(), of which a new process has no page */
	if (same < size)
		return length + size;
	*entry = '\0';
	return length;
}

NEWBORN void lineage_enter(lineage own)
{
	size_t before = self.length;
	if (own)
		self.length = append(self.word, self.length, own);
	self.unmapped = self.length != before ? own : 0;
}

NEWBORN void lineage_forked(void)
{
	if (self.unmapped)
		raw_syscall6(SYS_mmap, 0, 1, PROT_NONE, MAP_PRIVATE, heap_map.fd,
			     (long)offset_of(self.unmapped));
	self.unmapped = 0;
}

void lineage_word(char word[LINEAGE_WORD_SIZE], lineage own)
{
	memcpy(word, self.word, self.length + 1);
	if (own)
		append(word, self.length, own);
}

lineage_sign lineage_sign_of(lineage which)
{
	lineage_sign sign;
	snprintf(sign.in_maps, sizeof(sign.in_maps), " ---p %08llx %02x:%02x %llu ",
		 (unsigned long long)offset_of(which), major(self.device), minor(self.device),
		 (unsigned long long)self.inode);
	put_entry(sign.in_environment, which);
	return sign;
}

bool lineage_bears(pid_t pid, const lineage_sign *sign)
{
	return proc_contains(pid, "maps", sign->in_maps) ||
	       proc_contains(pid, "environ", sign->in_environment);
}
