/* SPDX-License-Identifier: MIT */

/*
 * Run by test_limits under a limit: says what the heap is like, as
 * "reserve KIB" or "none: SENTENCE", then uses it, and fills it up.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "brood/heap.h"

static int fail(const char *what)
{
	printf("%s: %s\n", what, brood_error());
	return 1;
}

/* Fills the heap with blocks of one size, linked; then frees them all. */
static int exhaust(size_t size)
{
	void **last = NULL, **next;
	long count = 0;
	while ((next = brood_alloc(size))) {
		*next = last;
		last = next;
		count++;
	}
	if (errno != ENOMEM || !strstr(brood_error(), "BROOD_HEAP_SIZE") || !count)
		return fail("exhausted");
	if (size <= 32768 && !strstr(brood_error(), "the shared heap is full"))
		return fail("exhausted by small blocks");
	if (brood_heap_check(stdout))
		return 1;
	for (; last; last = next) {
		next = *last;
		if (brood_free(last) < 0)
			return fail("free");
	}
	return 0;
}

/* A program that closes all descriptors, as daemons do, and opens files of its own. */
static int lose_descriptor(void)
{
	char own[] = "own", after[sizeof(own)];
	for (int fd = 3; fd < 64; fd++)
		close(fd);
	int fds[8];
	for (int i = 0; i < 8; i++) {
		fds[i] = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fds[i] >= 0 && pwrite(fds[i], own, sizeof(own), 0) < 0)
			return fail("pwrite");
	}
	char *block = brood_alloc(1 << 20);
	if (!block)
		return fail("alloc without a descriptor");
	memset(block, 1, 1 << 20);
	brood_free(block);
	brood_heap_trim();
	for (int i = 0; i < 8; i++)
		if (fds[i] >= 0 &&
		    (pread(fds[i], after, sizeof(after), 0) != sizeof(own) ||
		     strcmp(after, own) != 0 || lseek(fds[i], 0, SEEK_END) != sizeof(own)))
			return fail("the program's own file was changed");
	return 0;
}

/* More children than there are places for, each of which leaves some of the memory. */
static int fork_many(void)
{
	brood_heap_stats stats;
	for (int i = 0; i < 300; i++) {
		int status;
		pid_t pid = fork();
		if (pid == 0)
			_exit(!brood_alloc(100) || !brood_alloc(200000));
		if (waitpid(pid, &status, 0) != pid || status != 0) {
			printf("child %d cannot allocate\n", i);
			return 1;
		}
	}
	brood_heap_trim();
	brood_heap_stats_get(&stats);
	printf("blocks %zu\n", stats.blocks);
	return stats.blocks != 0 || brood_heap_check(stdout) != 0;
}

int main(int argc, char **argv)
{
	brood_heap_stats stats;
	if (brood_heap_stats_get(&stats) < 0) {
		printf("none: %s\n", brood_error());
		return brood_alloc(1) || errno == 0 || brood_heap_trim() >= 0;
	}
	printf("reserve %zu\n", stats.reserve >> 10);
	if (argc > 1 && strcmp(argv[1], "descriptor") == 0)
		return lose_descriptor();
	if (argc > 1 && strcmp(argv[1], "fork") == 0)
		return fork_many();
	if (stats.reserve > (64 << 20))
		return 0;
	static const size_t sizes[] = {5000, 64, 100000, 32768, 64};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (exhaust(sizes[i]))
			return 1;
	brood_heap_stats_get(&stats);
	return stats.blocks != 0 || brood_heap_check(stdout) != 0;
}
