/* SPDX-License-Identifier: MIT */
/*
 * The library under limits of descriptors, processes and address space, with nothing left and with
 * a little more each time: every use works, or is an error with a sentence; nothing is
 * left; and when the limit is lifted, it works.
 *
 *	test_rlimits			the tests
 *	test_rlimits begin KIND		becomes another user, and executes
 *	test_rlimits use KIND		which runs all uses under all limits of the kind
 */

#include "restrict.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"
#include "brood/brood.h"
#include "uses.h"

enum { SKIPPED = 77, SECONDS = 200, STACK = 1 << 18 };

typedef struct kind {
	const char *name;
	__rlimit_resource_t resource;
	bool other_user;
	rlim_t (*in_use)(void);
	rlim_t room[16];      /* rising; ends with 0, but for the first */
	bool all_taken;	      /* what is free of malloc()'s is taken, too */
	const char *sentence; /* of a start with the least room: what to do; NULL: it may work */
} kind;

static rlim_t next_descriptor(void)
{
	int fd = dup(STDERR_FILENO);
	close(fd);
	return (rlim_t)fd;
}

static rlim_t address_space(void)
{
	char text[128];
	if (sys_read_file("/proc/self/statm", text, sizeof(text)) < 0)
		return 0;
	return strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static rlim_t this_process(void)
{
	return 1;
}

static rlim_t half_the_address_space(void)
{
	return address_space() / 2;
}

static const kind kinds[] = {
	{.name = "descriptors",
	 .resource = RLIMIT_NOFILE,
	 .in_use = next_descriptor,
	 .room = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16},
	 .sentence = "ulimit -n"},
	{.name = "processes",
	 .resource = RLIMIT_NPROC,
	 .other_user = true,
	 .in_use = this_process,
	 .room = {0, 1, 2, 3, 4},
	 .sentence = "ulimit -u"},
	{.name = "address space",
	 .resource = RLIMIT_AS,
	 .in_use = address_space,
	 .room = {0, 1 << 14, 1 << 16, 1 << 17, 1 << 18, 1 << 20, 1 << 22, 1 << 24}},
	{.name = "address space in use",
	 .resource = RLIMIT_AS,
	 .in_use = address_space,
	 .all_taken = true},
	/* What is run anew has no room for the family's heap. */
	{.name = "less address space", .resource = RLIMIT_AS, .in_use = half_the_address_space},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct rlimit before;

static void limit(const kind *k, rlim_t room)
{
	struct rlimit limited = {.rlim_cur = k->in_use() + room, .rlim_max = before.rlim_max};
	setrlimit(k->resource, &limited);
}

static void lift(const kind *k)
{
	setrlimit(k->resource, &before);
}

/* So that it need not grow under a limit. */
static __attribute__((noinline)) void touch_stack(void)
{
	volatile char room[STACK];
	for (size_t i = 0; i < sizeof(room); i += 1024)
		room[i] = 0;
}

/* All that malloc() can give, as a list. */
static void **take_all(void)
{
	void **last = NULL;
	for (size_t size = 1 << 20; size >= sizeof(void *); size /= 2)
		for (void **block; (block = malloc(size)); last = block)
			*block = last;
	return last;
}

static void give_back(void **last)
{
	while (last) {
		void **next = *last;
		free(last);
		last = next;
	}
}

static int complain(const kind *k, rlim_t room, const use *one, const char *when, const shown *is)
{
	uses_say("%s and %zu: %s: %s: %s: %s\n", k->name, (size_t)room, one->name, when,
		 is->err ? strerrorname_np(is->err) : "", is->sentence);
	return 1;
}

static int try(const kind *k, rlim_t room, const use *one)
{
	int wrong = 0;
	limit(k, room);
	void **taken = k->all_taken ? take_all() : NULL;
	shown under = use_run(one);
	give_back(taken);
	lift(k);
	if (under.wrong)
		wrong += complain(k, room, one, "under it", &under);
	if (k->sentence && room == 0 && one == &uses[0] && !strstr(under.sentence, k->sentence))
		wrong += complain(k, room, one, "sentence", &under);
	uses_left(one->name, &wrong);
	shown after = use_run(one);
	if (after.err || after.wrong)
		wrong += complain(k, room, one, "lifted", &after);
	uses_left(one->name, &wrong);
	return wrong;
}

static int use_all(const kind *k)
{
	int wrong = 0;
	getrlimit(k->resource, &before);
	uses_left(NULL, NULL);
	for (int twice = 0; twice < 2; twice++) /* what is made once for all */
		for (size_t i = 0; i < use_count; i++)
			use_run(&uses[i]);
	uses_left(NULL, NULL);
	touch_stack();
	for (size_t i = 0; i == 0 || k->room[i]; i++)
		for (size_t j = 0; j < use_count; j++)
			wrong += try(k, k->room[i], &uses[j]);
	return wrong ? 1 : 0;
}

static int begin(const kind *k, char *number)
{
	char *const arguments[] = {(char[]){"test_rlimits"}, (char[]){"use"}, number, NULL};
	if (k->other_user && !restrict_user())
		return SKIPPED;
	execv("/proc/self/exe", arguments);
	return SKIPPED; /* the other user may not read it */
}

static int run(size_t n, char *text, size_t size)
{
	char number[8];
	int told = memfd_create("told", 0);
	snprintf(number, sizeof(number), "%zu", n);
	pid_t pid = fork();
	if (pid == 0) {
		int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(told, USES_TELL);
		dup2(nowhere, STDERR_FILENO); /* children say there why they have no heap */
		alarm(SECONDS);
		execl("/proc/self/exe", "test_rlimits", "begin", number, (char *)NULL);
		_exit(127);
	}
	return uses_end(pid, told, text, size);
}

static void test_one(void **state)
{
	static char text[65536];
	size_t n = (size_t)((const kind *)*state - kinds);
	int status = run(n, text, sizeof(text));
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
		skip();
	if (status != 0)
		fail_msg("%s: status %d\n%s", kinds[n].name, status, text);
}

int main(int argc, char **argv)
{
	static struct CMUnitTest tests[KINDS];
	const kind *k = argc > 2 ? &kinds[strtoul(argv[2], NULL, 10)] : NULL;
	if (argc > 2 && strcmp(argv[1], "begin") == 0)
		return begin(k, argv[2]);
	brood_init();
	if (argc > 2)
		return use_all(k);
	for (size_t i = 0; i < KINDS; i++)
		tests[i] = (struct CMUnitTest){.name = kinds[i].name,
					       .test_func = test_one,
					       .initial_state = (void *)(size_t)&kinds[i]};
	return _cmocka_run_group_tests("rlimits", tests, KINDS, NULL, NULL);
}
