/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

/* Pictures of what was measured, one panel below the other, where gnuplot is installed. */

#include <stdio.h>

/* What is written there are gnuplot's commands. NULL when it cannot be run. */
FILE *plot_begin(const char *path, int panels);

/* Says where the picture is, or that there is none. */
void plot_end(FILE *gnuplot, const char *path);

/* A panel of lines: plot_lines(), and for each of them plot_line() with the points as "x y" lines;
 * then plot_lines_end(). Those of brood are drawn thicker. */
void plot_lines(FILE *gnuplot, const char *title, const char *x, const char *y);
void plot_line(FILE *gnuplot, const char *name, const double *x, const double *y, int count);
void plot_lines_end(FILE *gnuplot);

/* A panel of bars, a name each. */
void plot_bars(FILE *gnuplot, const char *title, const char *const *names, const double *values,
	       int count);

#endif
