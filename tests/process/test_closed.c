/* SPDX-License-Identifier: MIT */
/* A program that closes all descriptors, the library's too, and gives their numbers to others. */

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILES = 64, FIRST = 3 };

#define CHECK(condition)                                                               \
	do {                                                                           \
		if (!(condition)) {                                                    \
			fprintf(stderr, "line %d: not %s: %s\n", __LINE__, #condition, \
				brood_error());                                        \
			return 1;                                                      \
		}                                                                      \
	} while (0)

static void stay(void)
{
	for (;;)
		pause();
}

static void nothing(void) {}

static void open_files(void)
{
	for (int fd = FIRST; fd < FILES; fd++)
		memfd_create("own", MFD_CLOEXEC);
}

/* A pipe is not readable: who polls it in place of a pidfd waits for ever. */
static void open_pipes(void)
{
	int ends[2];
	for (int fd = FIRST; fd < FILES; fd += 2)
		if (pipe2(ends, O_CLOEXEC) < 0)
			return;
}

static void open_nothing(void) {}

/* What the program opened is as it was. */
static bool files_are_untouched(void)
{
	struct stat file;
	for (int fd = FIRST; fd < FILES; fd++)
		if (fstat(fd, &file) < 0 || file.st_size != 0)
			return false;
	return true;
}

static int closed_all(void (*reopen)(void))
{
	brood_process *stays = brood_start(.call = stay), *ends = brood_start(.call = stay);
	brood_process *p = brood_start(.call = nothing);
	CHECK(stays && ends && p && brood_process_join(p) == 0);
	brood_process_free(p);
	bool forks = strcmp(brood_get_start_method(), "fork") == 0;
	for (int fd = FIRST; fd < 1000; fd++)
		close(fd);
	reopen();
	for (int i = 0; i < 2; i++) {
		p = brood_process_new(.call = nothing);
		int r = brood_process_start(p);
		CHECK(r == (forks ? 0 : -EBADF));
		CHECK(forks ||
		      strstr(brood_error(), "has closed the descriptor of the family's heap"));
		CHECK(!forks || (brood_process_join(p) == 0 && brood_process_exitcode(p) == 0));
		brood_process_free(p);
	}
	CHECK(brood_process_is_alive(stays));
	CHECK(brood_process_terminate(stays) == 0);
	CHECK(brood_process_join(stays) == 0 && brood_process_exitcode(stays) == -SIGTERM);
	CHECK(kill(brood_process_pid(ends), SIGKILL) == 0);
	CHECK(brood_process_join_timed(ends, 20) == 0 && brood_process_exitcode(ends) == -SIGKILL);
	CHECK(reopen == open_nothing || files_are_untouched());
	brood_forkserver_stop();
	CHECK(reopen == open_nothing || files_are_untouched());
	brood_process_free(stays);
	brood_process_free(ends);
	CHECK(brood_heap_check(stderr) == 0);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	return 0;
}

static int closed(void)
{
	return closed_all(open_nothing);
}

static int closed_and_opened_files(void)
{
	return closed_all(open_files);
}

static int closed_and_opened_pipes(void)
{
	return closed_all(open_pipes);
}

static void run(const char *name)
{
	static outcome end;
	run_role(name, NULL, &end);
	if (end.status != 0)
		fail_msg("%s ended with %d: %s", name, end.status, end.err);
}

static void test_closed(void **state)
{
	(void)state;
	run("closed");
}

static void test_files(void **state)
{
	(void)state;
	run("closed_and_opened_files");
}

static void test_pipes(void **state)
{
	(void)state;
	run("closed_and_opened_pipes");
}

static const role roles[] = {
	ROLE(closed),
	ROLE(closed_and_opened_files),
	ROLE(closed_and_opened_pipes),
};

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {TEST(test_closed), TEST(test_files), TEST(test_pipes)};
	return HARNESS_MAIN(argc, argv, roles, tests);
}
