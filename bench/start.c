/* SPDX-License-Identifier: MIT */
/*
 * What it costs to start a process that does nothing but to look at the clock:
 *
 *	start [-s SECONDS] [-p PLOT.svg] [MIB...]
 *
 * the time to the child's first instruction and the time until it has been joined, for parents of
 * so many MiB of touched memory (0, 256, 1024, 4096), with transparent huge pages and without,
 * and with a hundred threads; and a thousand starts in a burst. SECONDS (45) is what all the
 * measuring may take, without the touching of memory.
 *
 * The peers take turns within one run, a few starts each and each round in another order, so that
 * what else the machine does hits all of them. All but CPython run in this same process, over the
 * same memory; CPython is measured in a process of its own that holds as much. Figures are medians,
 * in microseconds; ratios, too, of the rounds'. Sizes for which the machine has not twice the
 * memory are left out.
 */

#include "start.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "brood/brood.h"
#include "plot.h"

enum {
	MAX_CASES = 16,
	TURN = 5,
	LEAST_SAMPLES = 3,
	BURST = MAX_BURST,
	BURST_ROUNDS = 5,
	THREADS = 100,
	LONG = 20000000 /* ns */
};

/* What the parent is like. */
struct setting {
	long mib;
	bool huge;
	int threads;
};

/* Medians; negative: not measured. */
struct figure {
	double us;
	double ratio; /* to fork()'s in the same round */
};

struct median {
	struct figure first, whole;
};

static struct setting settings[MAX_CASES];
static int n_settings;
static struct median medians[MAX_CASES][PEERS];
static struct figure bursts[PEERS]; /* of a start */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	if (count == 0)
		return -1;
	qsort(values, (size_t)count, sizeof(*values), by_size);
	return values[count / 2];
}

struct samples {
	double us[MAX_SAMPLES], ratios[MAX_SAMPLES];
};

struct series {
	int count, rounds;
	int round; /* where this round's samples begin */
	bool absent;
	int64_t spent;
	struct samples first, whole;
};

/* A few starts of one peer, with a pause after each in which a server can make itself ready. The
 * first finds the caches full of the last peer's, and is not counted unless it takes so long that
 * this is nothing. */
static void take_turn(const struct peer *peer, struct series *series)
{
	struct sample sample = {0, 0};
	if (peer->turn)
		peer->turn();
	for (int i = 0; i <= TURN && series->count < MAX_SAMPLES; i++) {
		int64_t begun = clock_ns();
		if (!peer->once(&sample)) {
			series->absent = true;
			return;
		}
		int64_t took = clock_ns() - begun;
		series->spent += took;
		if (i > 0 || took > LONG) {
			series->first.us[series->count] = (double)sample.first / 1e3;
			series->whole.us[series->count++] = (double)sample.whole / 1e3;
		}
		if (took > LONG)
			return;
		usleep(300);
	}
}

/* What a peer leaves behind, in caches and free pages, is not to fall to the same one each time. */
static void shuffle(int order[PEERS])
{
	for (int i = PEERS - 1; i > 0; i--) {
		int j = rand() % (i + 1), moved = order[i];
		order[i] = order[j];
		order[j] = moved;
	}
}

static double of_round(struct series *series, struct samples *samples)
{
	return median(samples->us + series->round, series->count - series->round);
}

/* The machine changes its pace, within seconds and by a half: only what is measured in one round
 * is set beside each other. */
static void end_round(struct series series[PEERS])
{
	const double fork_first = of_round(&series[FORK], &series[FORK].first);
	const double fork_whole = of_round(&series[FORK], &series[FORK].whole);
	for (int i = 0; i < PEERS; i++) {
		struct series *s = &series[i];
		if (s->count > s->round && fork_whole > 0) {
			s->first.ratios[s->rounds] = of_round(s, &s->first) / fork_first;
			s->whole.ratios[s->rounds++] = of_round(s, &s->whole) / fork_whole;
		}
		s->round = s->count;
	}
}

static struct figure figure_of(const struct series *series, struct samples *samples)
{
	return (struct figure){.us = median(samples->us, series->count),
			       .ratio = median(samples->ratios, series->rounds)};
}

static void measure(struct median *ret, double seconds)
{
	static struct series series[PEERS];
	memset(series, 0, sizeof(series));
	int present = 0, order[PEERS];
	for (int i = 0; i < PEERS; i++) {
		order[i] = i;
		series[i].absent = peers[i].present && !peers[i].present();
		present += !series[i].absent;
	}
	const int64_t share = (int64_t)(seconds * 1e9 / present);
	bool more = true;
	while (more) {
		more = false;
		shuffle(order);
		for (int i = 0; i < PEERS; i++) {
			struct series *s = &series[order[i]];
			if (s->absent || s->count == MAX_SAMPLES ||
			    (s->spent > share && s->count >= LEAST_SAMPLES))
				continue;
			take_turn(&peers[order[i]], s);
			more = true;
		}
		end_round(series);
	}
	for (int i = 0; i < PEERS; i++)
		ret[i] = (struct median){.first = figure_of(&series[i], &series[i].first),
					 .whole = figure_of(&series[i], &series[i].whole)};
}

/* The parent that a setting asks for. */

static pthread_barrier_t gate;

static void *wait_at_gate(void *unused)
{
	pthread_barrier_wait(&gate);
	return unused;
}

static void *touch(long mib, bool huge)
{
	size_t size = (size_t)mib << 20;
	if (!mib)
		return NULL;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	memset(memory, 1, size);
	return memory;
}

static void measure_in(const struct setting *setting, struct median *ret, double seconds)
{
	pthread_t threads[THREADS];
	void *memory = touch(setting->mib, setting->huge);
	pthread_barrier_init(&gate, NULL, (unsigned)setting->threads + 1);
	for (int i = 0; i < setting->threads; i++)
		pthread_create(&threads[i], NULL, wait_at_gate, NULL);
	if (!setting->huge && !setting->threads)
		python_open(setting->mib);
	measure(ret, seconds);
	python_close();
	pthread_barrier_wait(&gate);
	for (int i = 0; i < setting->threads; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&gate);
	if (memory)
		munmap(memory, (size_t)setting->mib << 20);
}

static bool bursts_of(const struct peer *peer)
{
	return peer->burst && (!peer->present || peer->present());
}

static void measure_bursts(void)
{
	double us[PEERS][BURST_ROUNDS], ratios[PEERS][BURST_ROUNDS];
	bool failed[PEERS];
	int order[PEERS];
	struct rlimit files;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files); /* a descriptor for each that runs */
	for (int i = 0; i < PEERS; i++) {
		order[i] = i;
		failed[i] = !bursts_of(&peers[i]);
	}
	for (int round = 0; round < BURST_ROUNDS; round++) {
		shuffle(order);
		for (int k = 0; k < PEERS; k++) {
			int i = order[k];
			if (failed[i])
				continue;
			if (peers[i].turn)
				peers[i].turn();
			int64_t begun = clock_ns();
			failed[i] = !peers[i].burst(BURST);
			us[i][round] = (double)(clock_ns() - begun) / 1e3 / BURST;
		}
		for (int i = 0; i < PEERS; i++)
			ratios[i][round] = us[i][round] / us[FORK][round];
	}
	for (int i = 0; i < PEERS; i++)
		bursts[i] =
			(struct figure){.us = failed[i] ? -1 : median(us[i], BURST_ROUNDS),
					.ratio = failed[i] ? -1 : median(ratios[i], BURST_ROUNDS)};
}

/* Telling */

static struct figure first_of(const struct median *median)
{
	return median->first;
}

static struct figure whole_of(const struct median *median)
{
	return median->whole;
}

static const char *title(const struct setting *setting, char text[32])
{
	if (setting->threads)
		snprintf(text, 32, "%d threads", setting->threads);
	else if (setting->mib >= 1024)
		snprintf(text, 32, "%ld GiB%s", setting->mib / 1024, setting->huge ? " huge" : "");
	else
		snprintf(text, 32, "%ld MiB%s", setting->mib, setting->huge ? " huge" : "");
	return text;
}

static void print_table(const char *what, struct figure (*of)(const struct median *))
{
	char text[32];
	printf("\n%-36s", what);
	for (int c = 0; c < n_settings; c++)
		printf(" %17s", title(&settings[c], text));
	putchar('\n');
	for (int i = 0; i < PEERS; i++) {
		printf("%-36s", peers[i].name);
		for (int c = 0; c < n_settings; c++) {
			struct figure figure = of(&medians[c][i]);
			if (figure.us < 0)
				printf(" %17s", "-");
			else
				printf(" %9.1f %6.3fx", figure.us, figure.ratio);
		}
		putchar('\n');
	}
}

static void print_bursts(void)
{
	printf("\n%-36s %17s\n", "1,000 starts in a burst, each", "us, x fork()");
	for (int i = 0; i < PEERS; i++)
		if (bursts[i].us >= 0)
			printf("%-36s %9.1f %6.3fx\n", peers[i].name, bursts[i].us,
			       bursts[i].ratio);
}

static void print_target(const char *what, double value, double target, bool least)
{
	bool met = least ? value >= target : value <= target;
	printf("%-68s %9.3f  target %s %g: %s\n", what, value, least ? "at least" : "at most",
	       target, met ? "met" : "missed");
}

/* The setting of most plain memory. */
static int largest(void)
{
	int at = 0;
	for (int c = 0; c < n_settings; c++)
		if (!settings[c].huge && settings[c].mib > settings[at].mib)
			at = c;
	return at;
}

static double worst_spawn(void)
{
	double worst = 0;
	for (int c = 0; c < n_settings; c++) {
		double ratio = medians[c][BROOD_SPAWN].whole.us / medians[c][SPAWN_SELF].whole.us;
		worst = ratio > worst ? ratio : worst;
	}
	return worst;
}

static void print_targets(void)
{
	const struct median *none = medians[0], *most = medians[largest()];
	putchar('\n');
	print_target("fork, start and join, to bare fork's", none[BROOD_FORK].whole.ratio, 1.15,
		     false);
	print_target("forkserver, warm, to first instruction, to bare fork's",
		     none[BROOD_WARM].first.ratio, 0.5, false);
	print_target("the same from the largest parent, to its own from an empty one",
		     most[BROOD_WARM].first.us / none[BROOD_WARM].first.us, 1.1, false);
	print_target("how many times faster than bare fork there", 1 / most[BROOD_WARM].first.ratio,
		     500, true);
	print_target("forkserver, warm, start and join, to bare fork's",
		     none[BROOD_WARM].whole.ratio, 1, false);
	print_target("spawn, start and join, to posix_spawn of the same, at the worst size",
		     worst_spawn(), 1.2, false);
	print_target("burst of 1,000, forkserver, to bare fork's", bursts[BROOD_WARM].ratio, 1,
		     false);
}

/* A line for each peer, by the parent's size. */
static void plot_panel(FILE *gnuplot, const char *title, struct figure (*of)(const struct median *))
{
	plot_lines(gnuplot, title, "touched memory of the parent, MiB", "microseconds");
	for (int i = 0; i < PEERS; i++) {
		double x[MAX_CASES], y[MAX_CASES];
		int count = 0;
		for (int c = 0; c < n_settings; c++) {
			if (settings[c].huge || settings[c].threads || of(&medians[c][i]).us <= 0)
				continue;
			x[count] = (double)settings[c].mib;
			y[count++] = of(&medians[c][i]).us;
		}
		if (count)
			plot_line(gnuplot, peers[i].name, x, y, count);
	}
	plot_lines_end(gnuplot);
}

static void plot(const char *file)
{
	FILE *gnuplot = plot_begin(file, 2);
	if (!gnuplot)
		return;
	plot_panel(gnuplot, "Start of a process: time to its first instruction", first_of);
	plot_panel(gnuplot, "Start and join", whole_of);
	plot_end(gnuplot, file);
}

static long available_mib(void)
{
	char line[100];
	long kib = 0;
	FILE *file = fopen("/proc/meminfo", "r");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %ld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib / 1024;
}

static void add(long mib, bool huge, int threads)
{
	if (n_settings == MAX_CASES)
		return;
	/* As much again for CPython, and a little for the rest. */
	if (mib * 2 + 512 > available_mib())
		printf("%ld MiB: left out, as there is not enough memory\n", mib);
	else
		settings[n_settings++] =
			(struct setting){.mib = mib, .huge = huge, .threads = threads};
}

static void add_all(char *const *sizes, int count)
{
	static const long usual[] = {256, 1024, 4096};
	add(0, false, 0);
	for (int i = 0; i < (count ? count : 3); i++) {
		long mib = count ? atol(sizes[i]) : usual[i];
		if (mib <= 0)
			continue;
		add(mib, false, 0);
		if (mib >= 1024)
			add(mib, true, 0);
	}
	add(0, false, THREADS);
}

int main(int argc, char **argv)
{
	double seconds = 45;
	const char *file = NULL;
	int option;

	if (argc == 2 && strcmp(argv[1], NOTHING) == 0) {
		stamp_by_descriptor();
		return 0;
	}
	brood_init();
	while ((option = getopt(argc, argv, "s:p:")) > 0) {
		if (option == 's')
			seconds = atof(optarg);
		else if (option == 'p')
			file = optarg;
		else
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%d processors; medians in us, and as many times fork()'s in the same round\n",
	       brood_cpu_count());
	peers_begin();
	add_all(argv + optind, argc - optind);
	for (int c = 0; c < n_settings; c++)
		measure_in(&settings[c], medians[c], seconds * 0.9 / n_settings);
	measure_bursts();
	print_table("to the first instruction", first_of);
	print_table("start and join", whole_of);
	print_bursts();
	print_targets();
	if (file)
		plot(file);
}
