/* SPDX-License-Identifier: MIT */
/*
 * What it costs to take and to release a lock, beside what glibc has:
 *
 *	lock [ROUNDS [PLOT.svg]]
 *
 * Alone: nobody else wants it. Contended: four processes take and release the
 * same one as fast as they can. All take turns within one run, a round each, so that
 * what else the machine does hits all of them; the figures are medians over the rounds.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "brood/brood.h"
#include "plot.h"

enum { PAIRS = 200000, CONTENDED_PAIRS = 50000, PROCESSES = 4, MAX_ROUNDS = 1000 };

static struct {
	pthread_mutex_t plain, robust;
	sem_t sem;
	brood_lock *lock;
	brood_rlock *rlock;
	brood_semaphore *semaphore, *signal;
	brood_event *event;
	_Atomic int ready, go;
	volatile long counter;
} * shared;

static void pair_plain(void)
{
	pthread_mutex_lock(&shared->plain);
	shared->counter++;
	pthread_mutex_unlock(&shared->plain);
}

static void pair_robust(void)
{
	pthread_mutex_lock(&shared->robust);
	shared->counter++;
	pthread_mutex_unlock(&shared->robust);
}

static void pair_sem(void)
{
	sem_wait(&shared->sem);
	shared->counter++;
	sem_post(&shared->sem);
}

static void pair_lock(void)
{
	brood_lock_acquire(shared->lock);
	shared->counter++;
	brood_lock_release(shared->lock);
}

static void pair_rlock(void)
{
	brood_rlock_acquire(shared->rlock);
	shared->counter++;
	brood_rlock_release(shared->rlock);
}

static void pair_semaphore(void)
{
	brood_semaphore_acquire(shared->semaphore);
	shared->counter++;
	brood_semaphore_release(shared->semaphore);
}

static void pair_signal(void)
{
	brood_semaphore_acquire(shared->signal);
	shared->counter++;
	brood_semaphore_release(shared->signal);
}

static void pair_event(void)
{
	brood_event_set(shared->event);
	shared->counter++;
	brood_event_clear(shared->event);
}

static struct peer {
	const char *name;
	void (*pair)(void);
	int beside; /* the peer that it may cost as much as; -1: none */
	double alone[MAX_ROUNDS], contended[MAX_ROUNDS];
} peers[] = {
	{"pthread mutex", pair_plain, -1, {0}, {0}},
	{"pthread mutex, robust", pair_robust, -1, {0}, {0}},
	{"sem_t", pair_sem, -1, {0}, {0}},
	{"brood_lock", pair_lock, 1, {0}, {0}},
	{"brood_rlock", pair_rlock, 1, {0}, {0}},
	{"brood_semaphore", pair_semaphore, 2, {0}, {0}},
	{"brood_semaphore, signal", pair_signal, 2, {0}, {0}},
	{"brood_event, set and clear", pair_event, -1, {0}, {0}},
};
enum { PEERS = sizeof(peers) / sizeof(peers[0]) };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double alone(const struct peer *p)
{
	double started = now();
	for (int i = 0; i < PAIRS; i++)
		p->pair();
	return (now() - started) / PAIRS;
}

static void contend(void *index)
{
	const struct peer *p = &peers[*(int *)index];
	p->pair();
	atomic_fetch_add(&shared->ready, 1);
	while (!atomic_load(&shared->go))
		;
	for (int i = 0; i < CONTENDED_PAIRS; i++)
		p->pair();
}

static double contended(int index)
{
	brood_process *all[PROCESSES];
	atomic_store(&shared->ready, 0);
	atomic_store(&shared->go, 0);
	for (int i = 0; i < PROCESSES; i++)
		all[i] = brood_must(brood_start(.target = contend, .args = BROOD_VALUE(index),
						.start_method = "fork"));
	while (atomic_load(&shared->ready) < PROCESSES)
		brood_sleep(0.0001);
	double started = now();
	atomic_store(&shared->go, 1);
	for (int i = 0; i < PROCESSES; i++) {
		brood_process_join(all[i]);
		brood_process_free(all[i]);
	}
	return (now() - started) / ((double)PROCESSES * CONTENDED_PAIRS);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return values[count / 2];
}

static void make_shared(void)
{
	pthread_mutexattr_t attributes;
	shared = brood_must(brood_calloc(1, sizeof(*shared)));
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->plain, &attributes);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&shared->robust, &attributes);
	sem_init(&shared->sem, 1, 1);
	shared->lock = brood_must(brood_lock_new());
	shared->rlock = brood_must(brood_rlock_new());
	shared->semaphore = brood_must(brood_semaphore_new(1));
	shared->signal = brood_must(brood_semaphore_new(1, .signal = true));
	shared->event = brood_must(brood_event_new());
}

static void print_ratio(double mine, double other)
{
	if (mine > 0 && other > 0)
		printf("  %5.2f", mine / other);
	else
		printf("  %5s", "");
}

static void plot(const char *path, const double *alone_seconds, const double *contended_seconds)
{
	const char *names[PEERS];
	double ns[PEERS], rate[PEERS];
	for (int i = 0; i < PEERS; i++) {
		names[i] = peers[i].name;
		ns[i] = alone_seconds[i] * 1e9;
		rate[i] = 1e-6 / contended_seconds[i];
	}
	FILE *gnuplot = plot_begin(path, 2);
	if (!gnuplot)
		return;
	plot_bars(gnuplot, "Take and release, alone: nanoseconds", names, ns, PEERS);
	plot_bars(gnuplot, "By four processes: million pairs a second", names, rate, PEERS);
	plot_end(gnuplot, path);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 15;
	if (rounds < 1 || rounds > MAX_ROUNDS) {
		fprintf(stderr, "usage: lock [ROUNDS [PLOT.svg]]\n");
		return 2;
	}
	brood_init();
	make_shared();
	for (int round = 0; round < rounds; round++)
		for (int i = 0; i < PEERS; i++) {
			peers[i].alone[round] = alone(&peers[i]);
			peers[i].contended[round] = contended(i);
		}
	double alone_median[PEERS], contended_median[PEERS];
	printf("%-28s %10s  %5s %16s  %5s\n", "take and release", "alone, ns", "ratio",
	       "by four, M pairs/s", "ratio");
	for (int i = 0; i < PEERS; i++) {
		int beside = peers[i].beside;
		alone_median[i] = median(peers[i].alone, rounds);
		contended_median[i] = median(peers[i].contended, rounds);
		printf("%-28s %10.1f", peers[i].name, alone_median[i] * 1e9);
		print_ratio(alone_median[i], beside < 0 ? 0 : alone_median[beside]);
		printf(" %18.1f", 1e-6 / contended_median[i]);
		print_ratio(beside < 0 ? 0 : contended_median[beside], contended_median[i]);
		printf("\n");
	}
	if (argc > 2)
		plot(argv[2], alone_median, contended_median);
	printf("Ratios: alone, the cost beside robust mutex or sem_t (target: 1.0 at most); by "
	       "four,\n"
	       "the rate beside theirs (at least 1.0).\n");
}
