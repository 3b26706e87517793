/* SPDX-License-Identifier: MIT */

/*
 * Runs the fuzzer's target over a corpus without a fuzzer, so that every build
 * does, after checking that the seeds in it are those made here:
 *
 *	replay_NAME DIRECTORY               check and replay
 *	replay_NAME --generate DIRECTORY    write the seeds
 *
 * Inputs in which a fuzzer found something are kept there under other names.
 */

#include "replay.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1 << 20 };

static size_t read_file(const char *path, uint8_t *out)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return 0;
	size_t size = fread(out, 1, INPUT_MAX, file);
	fclose(file);
	return size;
}

static int write_seed(const char *path, const uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "wb");
	bool written = file && fwrite(data, 1, size, file) == size;
	if (!file || fclose(file) != 0 || !written) {
		perror(path);
		return 1;
	}
	return 0;
}

static int check_seed(const char *path, const uint8_t *data, size_t size)
{
	static uint8_t found[INPUT_MAX];
	if (read_file(path, found) == size && memcmp(found, data, size) == 0)
		return 0;
	fprintf(stderr, "%s is not the seed made here: run with --generate\n", path);
	return 1;
}

static int replay(const char *directory)
{
	static uint8_t input[INPUT_MAX];
	DIR *files = opendir(directory);
	int n = 0;
	if (!files) {
		perror(directory);
		return 1;
	}
	for (struct dirent *entry; (entry = readdir(files));) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		/* In memory of just that size, so that a sanitizer sees a byte too far. */
		size_t size = read_file(path, input);
		uint8_t *exact = malloc(size ? size : 1);
		if (!exact)
			abort();
		memcpy(exact, input, size);
		LLVMFuzzerTestOneInput(exact, size);
		free(exact);
		n++;
	}
	closedir(files);
	printf("%d inputs\n", n);
	return n == 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--generate") == 0)
		return fuzz_seeds(argv[2], write_seed) > 0;
	if (argc != 2) {
		fprintf(stderr, "usage: %s [--generate] DIRECTORY\n", argv[0]);
		return 2;
	}
	int failed = fuzz_seeds(argv[1], check_seed);
	return replay(argv[1]) > 0 || failed > 0;
}
