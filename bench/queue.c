/* SPDX-License-Identifier: MIT */
/*
 * What it costs to pass messages between processes:
 *
 *	queue [ROUNDS [PLOT.svg]]
 *
 * Throughput, one to one and four to four, and round trips with a process that answers, for five
 * sizes. All peers take turns within one run, a round each, and work on equal
 * terms: the message is copied in and copied out, its memory on both sides resident (the
 * heap's too: freed blocks are kept, and the first round does not count). "by pointer" copies
 * in only, "in place" neither way. CPython's multiprocessing.Queue is run by queue_peer.py. A
 *figure is the median over the rounds; ratios are brood's throughput over the peer's.
 */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "brood/brood.h"
#include "peers.h"

enum { MAX_ROUNDS = 99, MAX_PEERS = 8, MANY = 4, TRIPS = 2000, SERIES = 2 };

static const size_t sizes[SIZES] = {8, 64, 1024, 65536, LARGEST};
static const long counts[SIZES] = {400000, 400000, 200000, 8000, 400};
enum { PYTHON_SHARE = 40 }; /* it sends so many times fewer */

static double rates[SERIES][SIZES][MAX_PEERS][MAX_ROUNDS];
static double trips[SIZES][MAX_PEERS][2][MAX_ROUNDS]; /* p50, p99 */

static struct start {
	_Atomic int ready;
	_Atomic bool go;
	_Atomic double ended[2 * MANY];
} * start;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_for_go(void)
{
	start->ready++;
	while (!start->go)
		usleep(100);
}

static void work(const peer *with, int i, int pairs, size_t size, long count)
{
	char *message = calloc(1, size);
	memset(message, i, size);
	wait_for_go();
	for (long n = 0; n < count / pairs; n++) {
		if (i < pairs)
			with->send(0, message, size);
		else
			with->receive(0, message, size);
	}
	start->ended[i] = now();
}

static void launch(brood_process **p, void (*target)(void *), void *arg)
{
	*p = brood_must(
		brood_start(.target = target, .args = BROOD_BORROW(arg), .start_method = "fork"));
}

typedef struct {
	const peer *with;
	int number, pairs;
	size_t size;
	long count;
} task;

static void run_task(void *arg)
{
	const task *t = arg;
	work(t->with, t->number, t->pairs, t->size, t->count);
}

static void join(brood_process *p)
{
	brood_must(brood_process_join(p));
	if (brood_process_exitcode(p) != 0)
		exit(1);
	brood_process_free(p);
}

/* Messages a second; negative when the peer cannot. */
static double throughput(const peer *with, int pairs, size_t size, long count)
{
	brood_process *p[2 * MANY];
	task tasks[2 * MANY];
	if (!with->open(0, size, pairs > 1))
		return -1;
	memset(start, 0, sizeof(*start));
	for (int i = 0; i < 2 * pairs; i++) {
		tasks[i] = (task){with, i, pairs, size, count};
		launch(&p[i], run_task, &tasks[i]);
	}
	while (start->ready < 2 * pairs)
		usleep(100);
	double begun = now(), last = 0;
	start->go = true;
	for (int i = 0; i < 2 * pairs; i++) {
		join(p[i]);
		if (start->ended[i] > last)
			last = start->ended[i];
	}
	with->close(0);
	return (double)(count / pairs * pairs) / (last - begun);
}

static void answer(void *arg)
{
	const task *t = arg;
	char *message = calloc(1, t->size);
	for (long n = 0; n < t->count; n++) {
		t->with->receive(0, message, t->size);
		t->with->send(1, message, t->size);
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double quantile(double *values, int count, double q)
{
	qsort(values, (size_t)count, sizeof(double), compare);
	return values[(int)((count - 1) * q)];
}

static void round_trips(const peer *with, size_t size, double *ret_p50, double *ret_p99)
{
	static double seconds[TRIPS];
	brood_process *p;
	int count = size > 65536 ? TRIPS / 10 : TRIPS;
	*ret_p50 = *ret_p99 = -1;
	if (!with->open(0, size, false))
		return;
	if (!with->open(1, size, false)) {
		with->close(0);
		return;
	}
	char *message = calloc(1, size);
	task t = {with, 0, 1, size, count};
	launch(&p, answer, &t);
	for (int i = 0; i < count; i++) {
		double begun = now();
		with->send(0, message, size);
		with->receive(1, message, size);
		seconds[i] = now() - begun;
	}
	join(p);
	free(message);
	with->close(0);
	with->close(1);
	*ret_p50 = quantile(seconds, count, 0.5);
	*ret_p99 = quantile(seconds, count, 0.99);
}

/* CPython's figures: queue_peer.py KIND SIZE COUNT writes them. */
static bool python(const char *kind, int pairs, size_t size, long count, double *a, double *b)
{
	char command[1024];
	if (access(BENCH_PYTHON, X_OK) != 0)
		return false;
	snprintf(command, sizeof(command), "'%s' '%s' %s %d %zu %ld", BENCH_PYTHON, BENCH_SCRIPT,
		 kind, pairs, size, count);
	FILE *out = popen(command, "re");
	bool read = out && fscanf(out, "%lf %lf", a, b) == 2;
	if (out)
		pclose(out);
	return read;
}

static void measure_python(int round, int s)
{
	double a, b;
	int i = n_peers;
	for (int series = 0; series < SERIES; series++)
		if (python("throughput", series ? MANY : 1, sizes[s], counts[s] / PYTHON_SHARE + 8,
			   &a, &b))
			rates[series][s][i][round] = a;
	if (python("trips", 1, sizes[s], 200, &a, &b)) {
		trips[s][i][0][round] = a;
		trips[s][i][1][round] = b;
	}
}

static void measure(int round)
{
	int slot = round < 0 ? 0 : round;
	for (int s = 0; s < SIZES; s++) {
		for (int k = 0; k < n_peers; k++) {
			/* Each comes first in its turn. */
			int i = (k + slot) % n_peers;
			const peer *with = &peers[i];
			for (int series = 0; series < SERIES; series++)
				rates[series][s][i][slot] =
					throughput(with, series ? MANY : 1, sizes[s], counts[s]);
			round_trips(with, sizes[s], &trips[s][i][0][slot], &trips[s][i][1][slot]);
		}
		if (round >= 0)
			measure_python(slot, s);
	}
}

static const char *name_of(int i)
{
	return i < n_peers ? peers[i].name : "CPython's Queue";
}

static void print_head(const char *title)
{
	printf("\n%-28s", title);
	for (int s = 0; s < SIZES; s++)
		printf(" %9zu B       ", sizes[s]);
	putchar('\n');
}

static void report_rates(int series, int rounds)
{
	print_head(series ? "msg/s, four to four (ratio)" : "msg/s, one to one (ratio)");
	double ours[SIZES];
	for (int i = 0; i <= n_peers; i++) {
		printf("%-28s", name_of(i));
		for (int s = 0; s < SIZES; s++) {
			double rate = quantile(rates[series][s][i], rounds, 0.5);
			if (i == PEER_BROOD)
				ours[s] = rate;
			if (rate > 0)
				printf(" %11.0f %6.2f", rate, ours[s] / rate);
			else
				printf(" %18s", "absent");
		}
		putchar('\n');
	}
}

static void report_trips(int rounds)
{
	print_head("round trip, us: p50, p99");
	for (int i = 0; i <= n_peers; i++) {
		printf("%-28s", name_of(i));
		for (int s = 0; s < SIZES; s++) {
			double p50 = quantile(trips[s][i][0], rounds, 0.5);
			double p99 = quantile(trips[s][i][1], rounds, 0.5);
			if (p50 > 0)
				printf(" %9.2f %8.1f", p50 * 1e6, p99 * 1e6);
			else
				printf(" %18s", "absent");
		}
		putchar('\n');
	}
}

static void plot(const char *path, int rounds)
{
	FILE *out = popen("gnuplot 2>/dev/null", "we");
	if (!out)
		return;
	fprintf(out,
		"set terminal svg size 900,500\nset output '%s'\nset logscale xy\n"
		"set xlabel 'bytes a message'\nset ylabel 'messages a second, one to one'\n"
		"set key outside\nplot",
		path);
	for (int i = 0; i <= n_peers; i++)
		fprintf(out, "%s '-' using 1:2 with linespoints title \"%s\"", i ? "," : "",
			name_of(i));
	fputc('\n', out);
	for (int i = 0; i <= n_peers; i++) {
		for (int s = 0; s < SIZES; s++) {
			double rate = quantile(rates[0][s][i], rounds, 0.5);
			if (rate > 0)
				fprintf(out, "%zu %f\n", sizes[s], rate);
		}
		fprintf(out, "e\n");
	}
	if (pclose(out) == 0)
		printf("\nplot: %s\n", path);
}

int main(int argc, char **argv)
{
	brood_init();
	int rounds = argc > 1 ? atoi(argv[1]) : 5;
	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: queue [ROUNDS [PLOT.svg]]   ROUNDS at most %d\n",
			MAX_ROUNDS);
		return 2;
	}
	start = mmap(NULL, sizeof(*start), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	printf("%d rounds, %d processors; memory resident on both sides\n", rounds,
	       brood_cpu_count());
	for (int r = -1; r < rounds; r++)
		measure(r);
	for (int series = 0; series < SERIES; series++)
		report_rates(series, rounds);
	report_trips(rounds);
	if (argc > 2)
		plot(argv[2], rounds);
}
