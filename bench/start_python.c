/* SPDX-License-Identifier: MIT */
/* CPython's side: start.py is asked for a method and answers with nanoseconds. */

#include "start.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/wait.h>

static struct {
	pid_t pid;
	FILE *asked, *answers;
} python;

void python_open(long mib)
{
	int to[2], from[2];
	char size[20], stamp[40];
	if (access(BENCH_PYTHON, X_OK) != 0 || pipe2(to, O_CLOEXEC) != 0)
		return;
	if (pipe2(from, O_CLOEXEC) != 0) {
		close(to[0]);
		close(to[1]);
		return;
	}
	snprintf(size, sizeof(size), "%ld", mib);
	snprintf(stamp, sizeof(stamp), "/proc/%d/fd/%d", (int)getpid(), STAMP_DESCRIPTOR);
	python.pid = fork();
	if (python.pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execl(BENCH_PYTHON, "python3", BENCH_SCRIPT, size, stamp, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	python.asked = fdopen(to[1], "w");
	python.answers = fdopen(from[0], "r");
	int c = fgetc(python.answers); /* it says when its memory is there */
	if (c == EOF)
		python_close();
}

void python_close(void)
{
	if (!python.asked)
		return;
	fclose(python.asked);
	fclose(python.answers);
	waitpid(python.pid, NULL, 0);
	python.asked = python.answers = NULL;
}

bool python_present(void)
{
	return python.asked != NULL;
}

bool python_once(const char *method, struct sample *ret)
{
	return python.asked && fprintf(python.asked, "%s\n", method) > 0 &&
	       fflush(python.asked) == 0 &&
	       fscanf(python.answers, "%" SCNd64 " %" SCNd64, &ret->first, &ret->whole) == 2;
}
