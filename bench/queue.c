/* SPDX-License-Identifier: MIT */
/*
 * What it costs to pass messages between processes:
 *
 *	queue [ROUNDS [PLOT.svg]]
 *
 * Throughput, one to one and four to four, and round trips with a process that answers, for five
 * sizes; and round trips with one that is asleep when it is asked. All peers take turns within one
 * run, a round each, and work on equal terms: the message is copied in and copied out, its memory
 * on both sides resident (the heap's too: freed blocks are kept, and the first round does not
 * count). By pointer copies in only, in place neither way. CPython's multiprocessing.Queue and Open
 * MPI are programs of their own. A figure is the median over the rounds; a ratio, brood's
 * throughput over the peer's, is the median of what it was in each round: a host that
 * is slower for a while is so for both.
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
#include "plot.h"
#include "programs.h"

enum { MAX_ROUNDS = 99, MAX_PEERS = 16, TRIPS = 2000, SERIES = 2 };
enum { IDLE_TRIPS = 200, IDLE_US = 1000, IDLE_SIZE = 64, FLOORS = 2 };

/* What a round trip with a sleeper is compared with: what the kernel does for it, and that when
 * whoever sleeps looks again after a while, lest a killed waker leave it asleep. */
static const peer *const floors[FLOORS] = {&peer_futex, &peer_futex_nap};

static const size_t sizes[SIZES] = {8, 64, 1024, 65536, LARGEST};
static const long counts[SIZES] = {1000000, 1000000, 400000, 20000, 800};

static double rates[SERIES][SIZES][MAX_PEERS][MAX_ROUNDS];
static double trips[SIZES][MAX_PEERS][2][MAX_ROUNDS];  /* p50, p99 */
static double idle[MAX_PEERS + FLOORS][2][MAX_ROUNDS]; /* the same; after the peers' the floors' */

static struct start {
	_Atomic int ready, finished;
	_Atomic bool go;
	_Atomic double ended[2 * MANY];
	double trip[TRIPS];
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
	if (with->enter)
		with->enter(0, (seat){i < pairs, i % pairs, pairs});
	wait_for_go();
	for (long n = 0; n < count / pairs; n++) {
		if (i < pairs)
			with->send(0, message, size);
		else
			with->receive(0, message, size);
	}
	start->ended[i] = now();
	/* What was sent may go with who sent it. */
	start->finished++;
	while (start->finished < 2 * pairs)
		usleep(100);
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
	useconds_t pause; /* before each question, so that who answers sleeps */
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
		tasks[i] = (task){with, i, pairs, size, count, 0};
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

static void enter_pair(const peer *with, int receives)
{
	if (!with->enter)
		return;
	with->enter(receives, (seat){false, 0, 1});
	with->enter(!receives, (seat){true, 0, 1});
}

static void answer(void *arg)
{
	const task *t = arg;
	char *message = calloc(1, t->size);
	enter_pair(t->with, 0);
	for (long n = 0; n < t->count; n++) {
		t->with->receive(0, message, t->size);
		t->with->send(1, message, t->size);
	}
	while (!start->finished) /* until what was sent has come */
		usleep(100);
}

static void ask(void *arg)
{
	const task *t = arg;
	char *message = calloc(1, t->size);
	enter_pair(t->with, 1);
	for (long n = 0; n < t->count; n++) {
		if (t->pause)
			usleep(t->pause);
		double begun = now();
		t->with->send(0, message, t->size);
		t->with->receive(1, message, t->size);
		start->trip[n] = now() - begun;
	}
	start->finished = 1;
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

static void round_trips(const peer *with, size_t size, int count, useconds_t pause, double *ret_p50,
			double *ret_p99)
{
	brood_process *p[2];
	*ret_p50 = *ret_p99 = -1;
	if (!with->open(0, size, false))
		return;
	if (!with->open(1, size, false)) {
		with->close(0);
		return;
	}
	memset(start, 0, sizeof(*start));
	task t = {with, 0, 1, size, count, pause};
	launch(&p[0], answer, &t);
	launch(&p[1], ask, &t);
	join(p[0]);
	join(p[1]);
	with->close(0);
	with->close(1);
	*ret_p50 = quantile(start->trip, count, 0.5);
	*ret_p99 = quantile(start->trip, count, 0.99);
}

static void measure_program(int k, int round, int s)
{
	double a, b;
	int i = n_peers + k;
	const program *with = &programs[k];
	rates[0][s][i][round] = rates[1][s][i][round] = -1;
	trips[s][i][0][round] = trips[s][i][1][round] = -1;
	for (int series = 0; series < SERIES; series++)
		if (program_run(with, "throughput", series ? MANY : 1, sizes[s], counts[s], &a, &b))
			rates[series][s][i][round] = a;
	if (program_run(with, "trips", 1, sizes[s], TRIPS, &a, &b)) {
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
			const peer *with = peers[i];
			long count = counts[with->even ? 0 : s] / (with->share ? with->share : 1);
			for (int series = 0; series < SERIES; series++)
				rates[series][s][i][slot] =
					throughput(with, series ? MANY : 1, sizes[s], count);
			round_trips(with, sizes[s], sizes[s] > 65536 ? TRIPS / 10 : TRIPS, 0,
				    &trips[s][i][0][slot], &trips[s][i][1][slot]);
		}
		for (int k = 0; k < n_programs && round >= 0; k++)
			measure_program(k, slot, s);
	}
	for (int k = 0; k < n_peers + FLOORS; k++)
		round_trips(k < n_peers ? peers[k] : floors[k - n_peers], IDLE_SIZE, IDLE_TRIPS,
			    IDLE_US, &idle[k][0][slot], &idle[k][1][slot]);
}

static const char *name_of(int i)
{
	return i < n_peers ? peers[i]->name : programs[i - n_peers].name;
}

static void print_head(const char *title)
{
	printf("\n%-28s", title);
	for (int s = 0; s < SIZES; s++)
		printf(" %9zu B       ", sizes[s]);
	putchar('\n');
}

static double median(const double *values, int rounds)
{
	double sorted[MAX_ROUNDS];
	memcpy(sorted, values, (size_t)rounds * sizeof(*values));
	return quantile(sorted, rounds, 0.5);
}

static double median_ratio(const double *values, const double *base, int rounds)
{
	double ratios[MAX_ROUNDS];
	for (int i = 0; i < rounds; i++)
		ratios[i] = values[i] / base[i];
	return quantile(ratios, rounds, 0.5);
}

static void report_rates(int series, int rounds)
{
	print_head(series ? "msg/s, four to four (ratio)" : "msg/s, one to one (ratio)");
	for (int i = 0; i < n_peers + n_programs; i++) {
		printf("%-28s", name_of(i));
		for (int s = 0; s < SIZES; s++) {
			const double *rate = rates[series][s][i];
			if (median(rate, rounds) > 0)
				printf(" %11.0f %6.2f", median(rate, rounds),
				       median_ratio(rates[series][s][PEER_BROOD], rate, rounds));
			else
				printf(" %18s", "absent");
		}
		putchar('\n');
	}
}

static void report_trips(int rounds)
{
	print_head("round trip, us: p50, p99");
	for (int i = 0; i < n_peers + n_programs; i++) {
		printf("%-28s", name_of(i));
		for (int s = 0; s < SIZES; s++) {
			double p50 = median(trips[s][i][0], rounds);
			double p99 = median(trips[s][i][1], rounds);
			if (p50 > 0)
				printf(" %9.2f %8.1f", p50 * 1e6, p99 * 1e6);
			else
				printf(" %18s", "absent");
		}
		putchar('\n');
	}
}

static void report_idle(int rounds)
{
	printf("\nround trip of %d B with a process that sleeps, us: p50 (ratio to the futex), "
	       "p99\n",
	       IDLE_SIZE);
	for (int i = 0; i < n_peers + FLOORS; i++)
		printf("%-28s %9.2f %6.2f %8.1f\n",
		       i < n_peers ? peers[i]->name : floors[i - n_peers]->name,
		       median(idle[i][0], rounds) * 1e6,
		       median_ratio(idle[i][0], idle[n_peers][0], rounds),
		       median(idle[i][1], rounds) * 1e6);
}

static void plot_panel(FILE *gnuplot, const char *title, const char *y_name,
		       double values[SIZES][MAX_PEERS])
{
	plot_lines(gnuplot, title, "bytes a message", y_name);
	for (int i = 0; i < n_peers + n_programs; i++) {
		double x[SIZES], y[SIZES];
		int count = 0;
		for (int s = 0; s < SIZES; s++) {
			if (values[s][i] <= 0)
				continue;
			x[count] = (double)sizes[s];
			y[count++] = values[s][i];
		}
		if (count)
			plot_line(gnuplot, name_of(i), x, y, count);
	}
	plot_lines_end(gnuplot);
}

static void plot(const char *path, int rounds)
{
	static double rate[SERIES][SIZES][MAX_PEERS], trip[SIZES][MAX_PEERS];
	for (int s = 0; s < SIZES; s++) {
		for (int i = 0; i < n_peers + n_programs; i++) {
			for (int series = 0; series < SERIES; series++)
				rate[series][s][i] = median(rates[series][s][i], rounds);
			trip[s][i] = median(trips[s][i][0], rounds) * 1e6;
		}
	}
	FILE *gnuplot = plot_begin(path, SERIES + 1);
	if (!gnuplot)
		return;
	fprintf(gnuplot, "set logscale x\n");
	plot_panel(gnuplot, "One to one", "messages a second", rate[0]);
	plot_panel(gnuplot, "Four to four", "messages a second", rate[1]);
	plot_panel(gnuplot, "Round trip", "microseconds", trip);
	plot_end(gnuplot, path);
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
	report_idle(rounds);
	if (argc > 2)
		plot(argv[2], rounds);
}
