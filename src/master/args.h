/*
 * args.h - the command line of skepd.
 */
#ifndef MASTER_ARGS_H
#define MASTER_ARGS_H

#include <stddef.h>

#define ARGS_CONF_DEFAULT SKEP_SYSCONFDIR "/skep/skepd.conf"

enum args_do { ARGS_RUN, ARGS_TEST, ARGS_VERSION, ARGS_HELP };

struct args {
	enum args_do what;
	const char *file;	/* -c */
	const char **sets;	/* -o, in order; free() it */
	size_t n_sets;
};

/*
 * 0; -EINVAL: usage, said on standard error; -ENOMEM.  The strings are
 * borrowed from argv.
 */
int args_parse(struct args *, int argc, char **argv);

/* What --help prints. */
extern const char args_help[];

#endif
