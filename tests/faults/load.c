/* SPDX-License-Identifier: MIT */
/* Faults while the library is loaded into a program, and when it starts. */

#include "load.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "operations.h"

static int wrong;

static void check(bool good, const char *what)
{
	if (good || (errno > 0 && strlen(brood_error()) > 10))
		return;
	fprintf(stderr, "%s: error %d, '%s'\n", what, errno, brood_error());
	wrong++;
}

static void nothing(void) {}

int load_and_use(void)
{
	check(brood_init() == 0, "init");
	void *block = brood_alloc(100);
	check(block, "alloc");
	brood_free(block);
	check(brood_log_to_stderr(BROOD_LOG_WARNING), "log");
	brood_process *p = brood_start(.call = nothing, .name = "p");
	check(p, "start");
	check(!p || brood_process_join(p) == 0, "join");
	brood_process_free(p);
	check(brood_heap_check(NULL) <= 0, "heap");
	return wrong ? 1 : 0;
}

static void load(void)
{
	int status = -1;
	pid_t pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "test_faults", "--load", (char *)NULL);
		_exit(127);
	}
	expect(waitpid(pid, &status, 0) == pid);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static const operation table[] = {
	{.name = "process load", .run = load, .starts = true},
};
const operations load_operations = OPERATIONS(table);
