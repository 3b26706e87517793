/* SPDX-License-Identifier: MIT */
/*
 * Open MPI's side of bench/queue, run by mpirun: queue_mpi throughput|trips PAIRS SIZE COUNT. The
 * first PAIRS processes send, each to the receivers in turn, the others receive from whichever.
 */

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void pass(int rank, int pairs, char *message, int size, long each)
{
	for (long n = 0; n < each; n++) {
		if (rank < pairs)
			MPI_Send(message, size, MPI_BYTE, pairs + (int)((n + rank) % pairs), 0,
				 MPI_COMM_WORLD);
		else
			MPI_Recv(message, size, MPI_BYTE, MPI_ANY_SOURCE, 0, MPI_COMM_WORLD,
				 MPI_STATUS_IGNORE);
	}
}

static void throughput(int rank, int pairs, char *message, int size, long count)
{
	long each = count / pairs / pairs * pairs;
	pass(rank, pairs, message, size, pairs); /* so that all are connected */
	MPI_Barrier(MPI_COMM_WORLD);
	double begun = MPI_Wtime();
	pass(rank, pairs, message, size, each);
	MPI_Barrier(MPI_COMM_WORLD);
	if (rank == 0)
		printf("%f 0\n", (double)(each * pairs) / (MPI_Wtime() - begun));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void trips(int rank, char *message, int size, long count)
{
	double *seconds = calloc((size_t)count, sizeof(*seconds));
	for (long n = 0; n < count; n++) {
		double begun = MPI_Wtime();
		if (rank == 0)
			MPI_Send(message, size, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
		MPI_Recv(message, size, MPI_BYTE, !rank, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
		if (rank == 1)
			MPI_Send(message, size, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
		seconds[n] = MPI_Wtime() - begun;
	}
	qsort(seconds, (size_t)count, sizeof(*seconds), compare);
	if (rank == 0)
		printf("%.9f %.9f\n", seconds[count / 2], seconds[count * 99 / 100]);
	free(seconds);
}

int main(int argc, char **argv)
{
	int rank;
	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	if (argc != 5)
		MPI_Abort(MPI_COMM_WORLD, 2);
	int pairs = atoi(argv[2]), size = atoi(argv[3]);
	char *message = malloc((size_t)size);
	memset(message, rank, (size_t)size);
	if (strcmp(argv[1], "throughput") == 0)
		throughput(rank, pairs, message, size, atol(argv[4]));
	else
		trips(rank, message, size, atol(argv[4]));
	free(message);
	MPI_Finalize();
}
