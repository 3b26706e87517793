/* SPDX-License-Identifier: MIT */
/*
 * Runs an example and holds what it does against its NAME.expected file:
 *
 *	golden PROGRAM EXPECTED SOURCE		run it
 *	golden --sample EXPECTED SOURCE		print what it prints
 *
 * It runs twice, at the same time: once with its two streams on one pipe, once
 * with a pipe each; standard input is /dev/null. Both times it must print
 * what is expected, end with 0 and not too early, and leave nothing: no
 * process, nothing in /dev/shm (or where GOLDEN_SHM says).
 *
 * Each run has a runner of its own that is a child subreaper, so whatever process
 * the program leaves becomes the runner's child, and can neither hide nor
 * survive.
 */

#include "expect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 50000, OUTPUT_MAX = 65536 };

struct run {
	bool together; /* both streams on one pipe */
	pid_t pid;
	int pidfd;
	int fds[2]; /* the read ends: standard output or both, standard error */
	char text[2][OUTPUT_MAX];
	size_t size[2];
	int status;
	double seconds;
	bool ended;
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "golden: %s: %s\n", what, strerror(errno));
		exit(99);
	}
}

static void start(struct run *run, const char *program)
{
	int out[2], err[2];
	check(pipe2(out, O_CLOEXEC), "pipe");
	check(pipe2(err, O_CLOEXEC), "pipe");
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	check(null, "/dev/null");

	run->pid = fork();
	check(run->pid, "fork");
	if (run->pid == 0) {
		dup2(null, STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(run->together ? out[1] : err[1], STDERR_FILENO);
		setsid();
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0U);
	check(run->pidfd, "pidfd_open");
	run->fds[0] = out[0];
	run->fds[1] = err[0];
	close(out[1]);
	close(err[1]);
	close(null);
}

/* Reads what there is; false at the end. */
static bool drain(struct run *run, int stream)
{
	size_t room = OUTPUT_MAX - 1 - run->size[stream];
	ssize_t got = read(run->fds[stream], run->text[stream] + run->size[stream], room);
	if (got > 0)
		run->size[stream] += (size_t)got;
	return got > 0;
}

/* Reads until the program has ended; what it left in the pipes is read after that. */
static void watch(struct run *run, double started)
{
	struct pollfd watched[3] = {
		{.fd = run->fds[0], .events = POLLIN},
		{.fd = run->fds[1], .events = POLLIN},
		{.fd = run->pidfd, .events = POLLIN},
	};
	while (!run->ended) {
		int left = PATIENCE_MS - (int)((now() - started) * 1000);
		if (left <= 0 || poll(watched, 3, left) <= 0)
			break;
		for (int i = 0; i < 2; i++) {
			if (watched[i].revents && !drain(run, i))
				watched[i].fd = -1;
		}
		run->ended = watched[2].revents != 0;
	}
	run->seconds = now() - started;
	if (!run->ended)
		kill(run->pid, SIGKILL);
	waitpid(run->pid, &run->status, 0);
}

/* The children that the runner has now, all of them left behind by the program, are ended. */
static bool nothing_left_running(void)
{
	char children[4096] = "";
	bool clean = true;
	for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) >= 0; clean = false) {
		FILE *list = fopen("/proc/thread-self/children", "r");
		if (!list || !fgets(children, sizeof(children), list))
			children[0] = '\0';
		if (list)
			fclose(list);
		if (pid > 0)
			fprintf(stderr, "golden: process %d was left unreaped\n", (int)pid);
		for (char *at = children, *end; (pid = (pid_t)strtol(at, &end, 10)) > 0; at = end) {
			fprintf(stderr, "golden: process %d was left behind\n", (int)pid);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
	return clean;
}

/* Whether a directory holds something of this user's made since then. */
static bool has_new(const char *path, time_t since)
{
	bool found = false;
	struct stat status;
	DIR *directory = opendir(path);
	for (struct dirent *entry; directory && (entry = readdir(directory));) {
		if (entry->d_name[0] != '.' &&
		    fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		    status.st_uid == getuid() && status.st_ctime >= since)
			found = true;
	}
	if (directory)
		closedir(directory);
	return found;
}

/* What comes and goes there belongs to other programs: only what stays counts. */
static bool nothing_left_in_shm(time_t since)
{
	const char *path = getenv("GOLDEN_SHM");
	if (!path)
		path = "/dev/shm";
	for (int i = 0; has_new(path, since); i++) {
		if (i == 20) {
			fprintf(stderr, "golden: something was left in %s\n", path);
			return false;
		}
		usleep(50000);
	}
	return true;
}

static bool ended_well(const struct run *run, const expect *e)
{
	bool well = true;
	if (!run->ended) {
		fprintf(stderr, "golden: still running after %d s\n", PATIENCE_MS / 1000);
		well = false;
	} else if (!WIFEXITED(run->status) || WEXITSTATUS(run->status) != 0) {
		fprintf(stderr, "golden: ended with wait status %#x instead of exit code 0\n",
			(unsigned)run->status);
		well = false;
	}
	if (run->seconds < expect_seconds(e)) {
		fprintf(stderr, "golden: took %.2f s, cannot do its work in less than %.2f s\n",
			run->seconds, expect_seconds(e));
		well = false;
	}
	return well;
}

static bool printed_well(struct run *run, const expect *e)
{
	static char copy[OUTPUT_MAX];
	bool well = true;
	for (int i = 0; i < (run->together ? 1 : 2); i++) {
		memcpy(copy, run->text[i], sizeof(copy));
		well = expect_match(e, run->together ? STREAM_BOTH : (enum stream)i, copy) && well;
	}
	return well;
}

static int run_and_check(const char *program, const expect *e, bool together)
{
	static struct run run;
	time_t since = time(NULL);
	double started = now();

	check(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	run.together = together;
	start(&run, program);
	watch(&run, started);
	bool well = nothing_left_running();
	while (drain(&run, 0) || drain(&run, 1))
		continue;
	well = nothing_left_in_shm(since) && well;
	well = ended_well(&run, e) && well;
	well = printed_well(&run, e) && well;
	if (!well)
		fprintf(stderr, "golden: the above, with %s, of:\n%s%s",
			together ? "both streams on one pipe" : "a pipe for each stream",
			run.text[0], run.text[1]);
	return well ? 0 : 1;
}

static int run_twice(const char *program, const expect *e)
{
	int result = 0;
	for (int together = 0; together < 2; together++) {
		pid_t runner = fork();
		check(runner, "fork");
		if (runner == 0)
			exit(run_and_check(program, e, together));
	}
	for (int status; wait(&status) > 0;) {
		if (status != 0)
			result = 1;
	}
	return result;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: golden PROGRAM|--sample EXPECTED SOURCE\n");
		return 99;
	}
	const expect *e = expect_read(argv[2], argv[3]);
	if (strcmp(argv[1], "--sample") == 0) {
		expect_print_sample(e, STREAM_BOTH);
		return 0;
	}
	return run_twice(argv[1], e);
}
