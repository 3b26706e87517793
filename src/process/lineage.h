/* SPDX-License-Identifier: MIT */
#ifndef PROCESS_LINEAGE_H
#define PROCESS_LINEAGE_H

/* What a process of brood's and all that descends from it bear, so that they can be found. */

#include "heap/table.h"

/* A process's lineage: a number that no other process of the family has; 0 for none. */
typedef uint64_t lineage;

lineage lineage_of(table_place place);

/* In a program, first thing. */
void lineage_begin(void);

/* Takes the word of the environment over, which is another than lineage_begin() has found. */
void lineage_adopt(void);

/* In a process that fork() has made, brood's or not, first thing. */
void lineage_forked(void);

/* In a new process of brood's: it is of this lineage too, from now on, if it is not already by its
 * environment. */
void lineage_enter(lineage own);

/* For a program that is run anew as a process of this lineage: the word of its environment. */
enum { LINEAGE_WORD_SIZE = 1024 };
void lineage_word(char word[LINEAGE_WORD_SIZE], lineage own);

/* Whether that is such a word. */
bool lineage_is_word(const char *variable);

/* How a lineage is found in other processes. */
typedef struct lineage_sign {
	char in_maps[64];
	char in_environment[48];
} lineage_sign;

lineage_sign lineage_sign_of(lineage which);

/* Whether the process with this pid bears it, as far as that may be read. */
bool lineage_bears(pid_t pid, const lineage_sign *sign);

#endif
