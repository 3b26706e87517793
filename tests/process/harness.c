/* SPDX-License-Identifier: MIT */

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "heap/table.h"

/* Where a process that is run anew finds the notes. */
#define NOTES_PLACE "HARNESS_NOTES"

notes *noted;
static int descriptors;
static size_t blocks;

static int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

void notes_open(void)
{
	char place[20];
	noted = brood_calloc(1, sizeof(*noted));
	snprintf(place, sizeof(place), "%" PRIxPTR, (uintptr_t)noted);
	setenv(NOTES_PLACE, place, 1);
}

int harness_begin(void **state)
{
	(void)state;
	sys_null(); /* kept from the first start on */
	notes_open();
	descriptors = count_descriptors();
	brood_heap_stats stats;
	brood_heap_stats_get(&stats);
	blocks = stats.blocks;
	return noted ? 0 : -1;
}

/* The blocks that are left once those of dead grandchildren, and of their fork servers, which die a
 * moment after them, are collected. */
static size_t blocks_left(void)
{
	brood_heap_stats stats;
	brood_heap_stats_get(&stats);
	for (int i = 0; i < 200 && stats.blocks != blocks - 1; i++) {
		brood_sleep(0.005);
		table_collect();
		brood_heap_stats_get(&stats);
	}
	return stats.blocks;
}

int harness_end(void **state)
{
	(void)state;
	brood_forkserver_stop();
	brood_free(noted);
	int left = count_descriptors() - descriptors;
	if (left != 0)
		print_error("%d descriptors left open\n", left);
	siginfo_t info;
	bool children = sys_wait_peek(&info) != -ECHILD;
	if (children)
		print_error("children left\n");
	size_t now = blocks_left();
	bool more = now != blocks - 1 || brood_heap_check(stderr) != 0;
	if (more)
		print_error("%zu heap blocks, not %zu\n", now, blocks - 1);
	return left != 0 || children || more ? -1 : 0;
}

void note(int value)
{
	noted->value[noted->count++] = value;
}

static void read_all(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

static pid_t spawn(const char *name, int in, int out, int err)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	unsetenv(NOTES_PLACE); /* a family of its own */
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	execl("/proc/self/exe", "role", name, (char *)NULL);
	_exit(127);
}

void run_role(const char *name, const char *input, outcome *ret)
{
	FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
	if (input)
		fputs(input, in);
	rewind(in);
	pid_t pid = spawn(name, fileno(in), fileno(out), fileno(err));
	assert_int_equal(waitpid(pid, &ret->status, 0), pid);
	fclose(in);
	read_all(out, ret->out, sizeof(ret->out));
	read_all(err, ret->err, sizeof(ret->err));
}

pid_t start_role(const char *name, int *ret_out)
{
	int ends[2];
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid_t pid = spawn(name, STDIN_FILENO, ends[1], STDERR_FILENO);
	close(ends[1]);
	*ret_out = ends[0];
	return pid;
}

int harness_main(int argc, char **argv, const role *roles, size_t n_roles,
		 const struct CMUnitTest *tests, size_t n_tests)
{
	const char *place = getenv(NOTES_PLACE);
	noted = place ? (notes *)(uintptr_t)strtoull(place, NULL, 16) : NULL;
	if (argc < 2 || strcmp(argv[1], "without_init") != 0)
		brood_init();
	if (argc == 1)
		return _cmocka_run_group_tests(argv[0], tests, n_tests, NULL, NULL);
	for (size_t i = 0; i < n_roles; i++)
		if (strcmp(argv[1], roles[i].name) == 0)
			return roles[i].main();
	fprintf(stderr, "no role '%s'\n", argv[1]);
	return 127;
}

void wait_gone(pid_t pid)
{
	int fd = sys_pidfd_open(pid);
	if (fd == -ESRCH)
		return;
	assert_true(fd >= 0);
	assert_int_equal(sys_pidfd_wait(fd, &(struct timespec){.tv_sec = 10}), 1);
	close(fd);
}
