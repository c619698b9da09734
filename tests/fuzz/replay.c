/*
 * replay.c - run a fuzz target on each file of its corpus: the directories in
 * the arguments, else REPLAY_CORPUS below top_srcdir.  An empty corpus fails.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

/* libFuzzer's own limit for an input is of this order. */
#define INPUT_MAX (4 << 20)

static int
run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all, *in;
	size_t n;

	if (f == NULL) {
		perror(path);
		return -1;
	}
	all = malloc(INPUT_MAX);
	n = all != NULL ? fread(all, 1, INPUT_MAX, f) : 0;
	fclose(f);
	/* Its exact size, so that a sanitizer sees a read behind the end. */
	in = malloc(n > 0 ? n : 1);
	if (all == NULL || in == NULL) {
		free(all);
		free(in);
		return -1;
	}
	memcpy(in, all, n);
	free(all);
	LLVMFuzzerTestOneInput(in, n);
	free(in);
	return 0;
}

static int
run_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[4096];
	int n = 0;

	if (d == NULL) {
		perror(dir);
		return -1;
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (run_file(path) < 0) {
			closedir(d);
			return -1;
		}
		n++;
	}
	closedir(d);
	printf("%s: %d inputs\n", dir, n);
	return n > 0 ? 0 : -1;
}

int
main(int argc, char **argv)
{
	const char *top = getenv("top_srcdir");
	char dir[4096];
	int i;

	for (i = 1; i < argc; i++)
		if (run_dir(argv[i]) < 0)
			return 1;
	if (argc > 1)
		return 0;
	snprintf(dir, sizeof(dir), "%s/%s", top != NULL ? top : ".",
	    REPLAY_CORPUS);
	return run_dir(dir) < 0;
}
