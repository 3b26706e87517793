/* SPDX-License-Identifier: MIT */

#include "heap/join.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "heap/map.h"
#include "heap/memory.h"

static const char name[] = "BROOD_BIRTH";

static void *left_message;
static bool wanted;

static void write_word(char word[JOIN_WORD_SIZE], const join_order *order)
{
	snprintf(word, JOIN_WORD_SIZE, "%s=%d:%" PRIxPTR ":%zx:%x:%x:%" PRIxPTR ":%d", name,
		 order->fd, (uintptr_t)order->base, order->reserve, order->slot, order->generation,
		 (uintptr_t)order->message, order->attempt);
}

void join_word(char word[JOIN_WORD_SIZE], table_place place, const void *message)
{
	join_order order = {
		.fd = heap_map.fd,
		.base = heap_map.base,
		.reserve = heap_map.reserve,
		.slot = table_index(place.slot),
		.generation = place.generation,
		.message = (void *)(uintptr_t)message,
	};
	write_word(word, &order);
}

int join_descriptor(void)
{
	if (!memory_descriptor_is_ours())
		return error_set(
			EBADF, "the program has closed the descriptor of the family's heap, which "
			       "a process that is run anew needs: close only descriptors that the "
			       "program has opened, or use the start method fork");
	return heap_map.fd;
}

bool join_find(join_order *ret)
{
	const char *word = getenv(name);
	uintptr_t base, message;
	if (!word)
		return false;
	bool complete =
		sscanf(word, "%d:%" SCNxPTR ":%zx:%x:%x:%" SCNxPTR ":%d", &ret->fd, &base,
		       &ret->reserve, &ret->slot, &ret->generation, &message, &ret->attempt) == 7;
	unsetenv(name);
	wanted = true;
	ret->base = (char *)base;
	ret->message = (void *)message;
	return complete;
}

bool join_wanted(void)
{
	return wanted;
}

void join_again(const join_order *order, char **argv, char **envp)
{
	char word[JOIN_WORD_SIZE];
	join_order next = *order;
	next.attempt++;
	write_word(word, &next);
	size_t count = 0;
	while (envp[count])
		count++;
	char **with_word = calloc(count + 2, sizeof(*with_word));
	if (!with_word)
		return;
	memcpy(with_word, envp, count * sizeof(*envp));
	with_word[count] = word;
	fcntl(order->fd, F_SETFD, 0);
	execve("/proc/self/exe", argv, with_word);
	free(with_word);
}

void *join_message(void)
{
	return left_message;
}

void join_set_message(void *message)
{
	left_message = message;
}
