/* SPDX-License-Identifier: MIT */
/*
 * What it costs to start a process that does nothing and to join it:
 *
 *	start [ROUNDS [STARTS]]
 *
 * Each of brood's start methods stands beside the bare calls that do the same:
 * fork(), and posix_spawn() of this program, which loads the library and with it
 * makes a heap of its own; to see what that costs, a program without the library
 * is spawned too. They and CPython's multiprocessing.Process take turns within
 * one run, a round each, so that what else the machine does hits all of them. All
 * but CPython's run in this same process, over the same memory; CPython measures
 * itself, in a process of its own that start.py is run in. The figures are
 * medians over the rounds of the mean of a round's starts.
 */

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "brood/brood.h"

enum { MAX_ROUNDS = 10000 };

/* What this program is called with to do nothing, as the one that is spawned. */
#define NOTHING "--nothing"

struct peer {
	const char *name;
	double (*round)(int starts); /* seconds a start, or less than 0 when it cannot */
	int beside;		     /* the peer that it is compared with */
	double target; /* how many times that it may cost; 0 when nothing is promised */
	double seconds[MAX_ROUNDS];
};

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nothing(void) {}

static double round_brood(int starts, const char *method)
{
	double started = now();
	for (int i = 0; i < starts; i++) {
		brood_process *p = brood_must(brood_start(.call = nothing, .start_method = method));
		brood_must(brood_process_join(p));
		brood_process_free(p);
	}
	return (now() - started) / starts;
}

static double round_brood_fork(int starts)
{
	return round_brood(starts, "fork");
}

static double round_brood_spawn(int starts)
{
	return round_brood(starts, "spawn");
}

static void wait_for(pid_t pid)
{
	if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
		perror("start");
		exit(1);
	}
}

static double round_fork(int starts)
{
	double started = now();
	for (int i = 0; i < starts; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			nothing();
			_exit(0);
		}
		wait_for(pid);
	}
	return (now() - started) / starts;
}

static double round_spawn(int starts, const char *program)
{
	char *arguments[] = {(char[]){"start"}, (char[]){NOTHING}, NULL};
	double started = now();
	for (int i = 0; i < starts; i++) {
		pid_t pid;
		if (posix_spawn(&pid, program, NULL, NULL, arguments, environ) != 0)
			pid = -1;
		wait_for(pid);
	}
	return (now() - started) / starts;
}

static double round_spawn_self(int starts)
{
	return round_spawn(starts, "/proc/self/exe");
}

static double round_spawn_empty(int starts)
{
	return round_spawn(starts, BENCH_EMPTY);
}

/* The running start.py: it is asked for a number of starts and answers with seconds. */
static FILE *python_asked, *python_answers;

static void python_open(void)
{
	int to[2], from[2];
	if (access(BENCH_PYTHON, X_OK) != 0 || pipe2(to, O_CLOEXEC) != 0 ||
	    pipe2(from, O_CLOEXEC) != 0)
		return;
	pid_t pid = fork();
	if (pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		execl(BENCH_PYTHON, "python3", BENCH_SCRIPT, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	python_asked = fdopen(to[1], "w");
	python_answers = fdopen(from[0], "r");
}

static double round_python(int starts)
{
	double seconds;
	if (!python_asked || fprintf(python_asked, "%d\n", starts) < 0 ||
	    fflush(python_asked) != 0 || fscanf(python_answers, "%lf", &seconds) != 1)
		return -1;
	return seconds / starts;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* q of the way through the sorted rounds: 0.5 is the median. */
static double quantile(const struct peer *peer, int rounds, double q)
{
	return peer->seconds[(int)((rounds - 1) * q)];
}

static void report_one(const struct peer *peers, const struct peer *peer, int rounds)
{
	double median = quantile(peer, rounds, 0.5);
	if (median < 0) {
		printf("%-28s %10s\n", peer->name, "absent");
		return;
	}
	double ratio = median / quantile(&peers[peer->beside], rounds, 0.5);
	printf("%-28s %10.1f %10.1f %10.1f %8.2f", peer->name, median * 1e6,
	       quantile(peer, rounds, 0.1) * 1e6, quantile(peer, rounds, 0.9) * 1e6, ratio);
	if (peer->target > 0)
		printf("   target %.2f: %s", peer->target,
		       ratio <= peer->target ? "met" : "missed");
	putchar('\n');
}

static void report(struct peer *peers, int count, int rounds)
{
	for (int i = 0; i < count; i++)
		qsort(peers[i].seconds, (size_t)rounds, sizeof(double), compare);
	printf("%-28s %10s %10s %10s %8s\n", "start and join", "median us", "10 % us", "90 % us",
	       "ratio");
	for (int i = 0; i < count; i++)
		report_one(peers, &peers[i], rounds);
}

static int argument(int argc, char **argv, int at, int otherwise, int most)
{
	int value = argc > at ? atoi(argv[at]) : otherwise;
	if (value < 1 || value > most) {
		fprintf(stderr, "usage: start [ROUNDS [STARTS]]   ROUNDS at most %d\n", MAX_ROUNDS);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	enum { BROOD_FORK, FORK, BROOD_SPAWN, SPAWN, EMPTY, CPYTHON, PEERS };
	static struct peer peers[PEERS] = {
		[BROOD_FORK] = {"brood, fork", round_brood_fork, FORK, 1.15, {0}},
		[FORK] = {"fork() and waitpid()", round_fork, FORK, 0, {0}},
		[BROOD_SPAWN] = {"brood, spawn", round_brood_spawn, SPAWN, 1.2, {0}},
		[SPAWN] = {"posix_spawn(), this program", round_spawn_self, SPAWN, 0, {0}},
		[EMPTY] = {"posix_spawn(), empty program", round_spawn_empty, SPAWN, 0, {0}},
		[CPYTHON] = {"CPython's Process, fork", round_python, FORK, 0, {0}},
	};

	if (argc == 2 && strcmp(argv[1], NOTHING) == 0)
		return 0;
	brood_init();
	int rounds = argument(argc, argv, 1, 40, MAX_ROUNDS);
	int starts = argument(argc, argv, 2, 50, 1000000);
	printf("%d rounds of %d starts, %d processors\n", rounds, starts, brood_cpu_count());
	python_open();

	/* One round before the first that counts; then each peer comes first in its turn. */
	for (int r = -1; r < rounds; r++) {
		for (int i = 0; i < PEERS; i++) {
			struct peer *peer = &peers[(i + r + 1) % PEERS];
			peer->seconds[r < 0 ? 0 : r] = peer->round(starts);
		}
	}
	report(peers, PEERS, rounds);
}
