/* SPDX-License-Identifier: MIT */

#include "plot.h"

#include <stdbool.h>
#include <string.h>

enum { WIDTH = 900, PANEL = 430 };

FILE *plot_begin(const char *path, int panels)
{
	FILE *gnuplot = popen("gnuplot 2>/dev/null", "we");
	if (gnuplot)
		fprintf(gnuplot,
			"set terminal svg size %d,%d noenhanced font 'sans,12' background "
			"'white'\n"
			"set output '%s'\nset grid\nset multiplot layout %d,1\n",
			WIDTH, panels * PANEL, path, panels);
	return gnuplot;
}

void plot_end(FILE *gnuplot, const char *path)
{
	fprintf(gnuplot, "unset multiplot\n");
	if (pclose(gnuplot) == 0)
		printf("\nplot: %s\n", path);
	else
		printf("\nno plot: gnuplot is not installed\n");
}

static bool is_ours(const char *name)
{
	return strncmp(name, "brood", 5) == 0;
}

/* Names the lines before gnuplot draws them: their points come one line after the other. */
static char commands[1 << 14];
static int lines;

void plot_lines(FILE *gnuplot, const char *title, const char *x, const char *y)
{
	commands[0] = '\0';
	fprintf(gnuplot,
		"set title \"%s\"\nset xlabel \"%s\"\nset ylabel \"%s\"\nset logscale y\n"
		"set key outside right\nset format y '%%g'\nset format x '%%g'\n",
		title, x, y);
}

void plot_line(FILE *gnuplot, const char *name, const double *x, const double *y, int count)
{
	size_t used = strlen(commands);
	int number = lines++;
	fprintf(gnuplot, "$line%d << E\n", number);
	for (int i = 0; i < count; i++)
		fprintf(gnuplot, "%g %g\n", x[i], y[i]);
	fprintf(gnuplot, "E\n");
	snprintf(commands + used, sizeof(commands) - used,
		 "%s $line%d with linespoints linewidth %d title \"%s\"", used ? "," : "plot",
		 number, is_ours(name) ? 3 : 1, name);
}

void plot_lines_end(FILE *gnuplot)
{
	fprintf(gnuplot, "%s\n", commands);
}

/* A name below its bar: each part on a line of its own. */
static void print_label(FILE *gnuplot, const char *name)
{
	for (; *name; name++) {
		if (name[0] == ',' && name[1] == ' ') {
			fputs("\\n", gnuplot);
			name++;
		} else {
			fputc(*name, gnuplot);
		}
	}
}

void plot_bars(FILE *gnuplot, const char *title, const char *const *names, const double *values,
	       int count)
{
	fprintf(gnuplot,
		"set title \"%s\"\nunset xlabel\nunset ylabel\nunset key\nset boxwidth 0.6\n"
		"set style fill solid\nset yrange [0:*]\nset offsets 0.5,0.5,graph 0.1,0\n"
		"set bmargin 4\nset xtics font ',10' (",
		title);
	for (int i = 0; i < count; i++) {
		fprintf(gnuplot, "%s\"", i ? "," : "");
		print_label(gnuplot, names[i]);
		fprintf(gnuplot, "\" %d", i);
	}
	fprintf(gnuplot, ")\nplot '-' using 1:2:3 with boxes linecolor variable, "
			 "'-' using 1:2:3 with labels offset 0,0.7\n");
	for (int i = 0; i < count; i++)
		fprintf(gnuplot, "%d %g %d\n", i, values[i], is_ours(names[i]) ? 1 : 2);
	fprintf(gnuplot, "e\n");
	for (int i = 0; i < count; i++)
		fprintf(gnuplot, "%d %g %.1f\n", i, values[i], values[i]);
	fprintf(gnuplot, "e\n");
}
