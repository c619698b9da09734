/*
 * flips.c - a fuzz target of commands of 8 bytes on inputs drawn at random
 * from numbered seeds: flips [FIRST [COUNT]].  Each batch in a process of its
 * own, so that a crash or a hang is told with its seed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

#define BATCH 20u
#define LIMIT_S 60u		/* a batch takes well under a second */

static size_t
draw(uint64_t seed, uint8_t *out)
{
	uint64_t x = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	size_t n = 8 * (1 + seed % 24);

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		out[i] = (uint8_t)(x >> 24);
	}
	return n;
}

int
main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 400;
	volatile uint64_t *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t in[8 * 24];
	int st;

	if (at == MAP_FAILED)
		return 1;
	if (getenv("SKEP_LONG") != NULL && argc == 1)
		count = 20000;
	for (uint64_t s = first; s < first + count; s += BATCH) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(LIMIT_S);
			for (*at = s; *at < s + BATCH; *at += 1)
				LLVMFuzzerTestOneInput(in, draw(*at, in));
			_exit(0);
		}
		if (pid < 0 || waitpid(pid, &st, 0) != pid || st != 0) {
			fprintf(stderr, "seed %llu: status %x\n",
			    (unsigned long long)*at, (unsigned)st);
			return 1;
		}
	}
	printf("%llu inputs\n", (unsigned long long)count);
	return 0;
}
