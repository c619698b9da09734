/*
 * skepctl.h - what the commands share: where the daemon is, how to print.
 */
#ifndef CTL_SKEPCTL_H
#define CTL_SKEPCTL_H

#include <jansson.h>

#include "conf.h"
#include "ctl.h"

struct skepctl {
	const char *conf_file;	/* -c; NULL: the usual one, when it is there */
	const char *socket;	/* -s */
	struct ctl_line line;
	const struct ctl_command *cmd;
	struct buf wire;	/* the command line as it is sent */
	int json;
	int help;		/* --help behind the command */
	int tty;		/* standard output is a terminal */
};

#define SKEPCTL_CONF SKEP_SYSCONFDIR "/skep/skepd.conf"

/*
 * "skepctl: text" on standard error; after complain_as_json() complain_end()
 * prints it instead, as {"error":...,"code":...} on standard output.  That
 * returns the exit status it is given.
 */
void skepctl_complain(const char *fmt, ...) BUF_PRINTF(1, 2);
void complain_as_json(void);
int complain_end(int status);

/*
 * The configuration: 0; -ENOENT when none was named and the usual one is not
 * there; -EINVAL after having said what is wrong.
 */
int skepctl_conf(const struct skepctl *, struct conf **out);
/* The control socket: -s, SKEP_CONTROL_SOCKET, the configuration, the usual one. */
int skepctl_socket(const struct skepctl *, char *path, size_t size);

/* Say that the daemon at path cannot be reached: -errno as of client_open().  The exit status. */
int skepctl_unreachable(const char *path, int rc);

/* Print a document, for a terminal set out.  The exit status. */
int skepctl_put(const struct skepctl *, const json_t *);

/* Commands; each returns the exit status. */
int remote_run(struct skepctl *);
int check_run(struct skepctl *);
int inspect_run(struct skepctl *);
int fsck_run(struct skepctl *);
int top_run(struct skepctl *);
/* Of the command that the words name; noun NULL: all.  verb may be NULL. */
int help_run(const struct skepctl *, const char *noun, const char *verb);

#endif
