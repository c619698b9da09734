/*
 * skepctl.h - what the commands share: where the daemon is, how to print.
 */
#ifndef CTL_SKEPCTL_H
#define CTL_SKEPCTL_H

#include "conf.h"
#include "ctl.h"

struct skepctl {
	const char *conf_file;	/* -c; NULL: the usual one, when it is there */
	const char *socket;	/* -s */
	struct ctl_line line;
	const struct ctl_command *cmd;
	struct buf wire;	/* the command line as it is sent */
	int json;
	int tty;		/* standard output is a terminal */
};

#define SKEPCTL_CONF "/etc/skep/skepd.conf"

/* "skepctl: text" on standard error. */
void skepctl_complain(const char *fmt, ...) BUF_PRINTF(1, 2);

/*
 * The configuration: 0; -ENOENT when none was named and the usual one is not
 * there; -EINVAL after having said what is wrong.
 */
int skepctl_conf(const struct skepctl *, struct conf **out);
/* The control socket: -s, SKEP_CONTROL_SOCKET, the configuration, the usual one. */
int skepctl_socket(const struct skepctl *, char *path, size_t size);

/* Commands; each returns the exit status. */
int remote_run(struct skepctl *);
int check_run(struct skepctl *);
int inspect_run(struct skepctl *);
int fsck_run(struct skepctl *);
int top_run(struct skepctl *);

#endif
