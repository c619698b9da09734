/* args.c - see args.h */
#include "args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

const char args_help[] =
    "usage: skepd [-t] [-c FILE] [-o SECTION.KEY=VALUE]...\n"
    "       skepd --version | --help\n"
    "\n"
    "  -c FILE               the configuration (" ARGS_CONF_DEFAULT ")\n"
    "  -o SECTION.KEY=VALUE  set one value, above file and environment\n"
    "  -t                    test the configuration: print what differs from\n"
    "                        the defaults, exit 0, or 78 when it is wrong\n"
    "\n"
    "skepd stays in the foreground and logs to standard error.\n"
    "Signals: HUP reload; TERM, INT, QUIT stop; USR1 reopen logs; WINCH drain;\n"
    "TTIN, TTOU one worker more, less.\n"
    "Exit status: 0 ended in order, 1 failed, 2 usage, 73 already running or\n"
    "cannot create, 77 not permitted, 78 configuration.\n";

int
args_parse(struct args *a, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' }, { 0 }
	};
	int opt;

	*a = (struct args) { .file = ARGS_CONF_DEFAULT };
	a->sets = calloc((size_t)argc, sizeof *a->sets);
	if (a->sets == NULL)
		return -ENOMEM;
	while ((opt = getopt_long(argc, argv, "c:o:t", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			a->file = optarg;
			break;
		case 'o':
			a->sets[a->n_sets++] = optarg;
			break;
		case 't':
			a->what = ARGS_TEST;
			break;
		case 'h':
			a->what = ARGS_HELP;
			return 0;
		case 'V':
			a->what = ARGS_VERSION;
			return 0;
		default:
			fputs("try skepd --help\n", stderr);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "skepd: unexpected argument %s; "
		    "try skepd --help\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}
