/*
 * main.c - skep-mend: started by the master and kept idle, or, with --verify,
 * a look at a region that somebody has left.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "log.h"
#include "mend.h"

#define EXIT_USAGE 2

static int
number(const char *text, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > UINT32_MAX)
		return 0;
	*out = (uint32_t)n;
	return 1;
}

int
main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "slot", required_argument, NULL, 's' },
		{ "slots", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "verify", no_argument, NULL, 'v' }, { 0 }
	};
	uint32_t slot = 0, n_slots = 0;
	int opt, verify = 0;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == 'v')
			verify = 1;
		else if (opt == 'j')
			log_set_json(1);
		else if (opt == 's' && number(optarg, &slot))
			continue;
		else if (opt == 'n' && number(optarg, &n_slots))
			continue;
		else
			return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	log_init("skep-mend");
	if (verify)
		return check_run();
	if (n_slots == 0 || slot >= n_slots) {
		fputs("skep-mend is started by skepd\n", stderr);
		return EXIT_USAGE;
	}
	return mend_run(slot, n_slots);
}
