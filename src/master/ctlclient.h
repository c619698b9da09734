/*
 * ctlclient.h - the clients of the control socket and their lines.
 *
 * A client can never hold the master up: everything is non-blocking, a client
 * has one command at work, at most CTL_LINE_MAX bytes of input are kept, and
 * nothing more is read from it before it has taken its last answer.  What a
 * command does is in ctlcmd.h.
 */
#ifndef MASTER_CTLCLIENT_H
#define MASTER_CTLCLIENT_H

#include "ctl.h"
#include "master.h"

struct ctlclient;

/* What a client that said --wait waits for. */
enum ctlclient_wait {
	CTLCLIENT_NOTHING,
	CTLCLIENT_RELOAD,	/* until ctlclient_reload_done() */
	CTLCLIENT_SCALE,	/* until the group named has its workers */
	CTLCLIENT_DRAIN,	/* until the pid is gone, 0: all workers are */
	CTLCLIENT_STOP		/* until the end */
};

/* Who it is, by the credentials of its socket. */
struct ctlclient_peer {
	enum ctl_role role;
	int guest;	/* of control.group: a share is kept from them */
};

/* Serve a connection.  0 and fd is taken; -ENOMEM. */
int ctlclient_open(struct master *, int fd, const struct ctlclient_peer *);

/* Answer who waits for the end, and close all. */
void ctlclient_close_all(struct master *);

/* A reload has ended, one way or the other. */
void ctlclient_reload_done(struct master *);

/* Look whether what clients wait for has come. */
void ctlclient_settle(struct master *);

/* CONTROL_DONE has come: read on. */
void ctlclient_returned(struct master *, uint64_t id);

/* The keeper is gone, and with it the connections that it was lent. */
void ctlclient_keeper_died(struct master *);

/* --- for ctlcmd.c --- */

/* Put the answer off.  what: the group (SCALE); pid: who goes (DRAIN). */
void ctlclient_wait(struct ctlclient *, enum ctlclient_wait, const char *what,
    pid_t pid);

/*
 * Lend the connection to the keeper: 0, or -errno and it is still ours (-EBUSY:
 * it has as many as it takes).
 */
int ctlclient_lend(struct master *, struct ctlclient *, const char *line,
    size_t n);

/* Whether the client whose command is at work asked for JSON. */
int ctlclient_json(const struct ctlclient *);

#endif
