/* skep-worker: a zygote, and the workers that are forked from it. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "fds.h"
#include "logfd.h"
#include "zygote.h"

#define EXIT_USAGE 2

static int
usage(void)
{
	(void)fprintf(stderr, "usage: skep-worker --group NAME --generation N "
	    "--listeners N --slots N\n"
	    "(started by skepd, with the descriptors that it needs)\n");
	return EXIT_USAGE;
}

/* A whole number of at most max. */
static int
number(const char *s, unsigned long max, unsigned long *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return -1;
	*out = strtoul(s, &end, 10);
	return *end == '\0' && *out <= max ? 0 : -1;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "group", required_argument, NULL, 'g' },
		{ "generation", required_argument, NULL, 'n' },
		{ "listeners", required_argument, NULL, 'l' },
		{ "slots", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 }
	};
	struct boot_args a = { 0 };
	unsigned long n = 0;
	int c, bad = 0, seen = 0;

	logfd_reserve();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		seen++;
		switch (c) {
		case 'g':
			a.group = optarg;
			break;
		case 'n':
			bad |= number(optarg, UINT32_MAX, &n);
			a.generation = (uint32_t)n;
			break;
		case 'l':
			bad |= number(optarg, FD_LISTEN_MAX, &n);
			a.n_listeners = (unsigned)n;
			break;
		case 's':
			bad |= number(optarg, 4096, &n);
			a.n_slots = (unsigned)n;
			break;
		default:
			return usage();
		}
	}
	if (bad != 0 || seen != 4 || optind != argc || a.group == NULL)
		return usage();
	return zygote_run(&a);
}
