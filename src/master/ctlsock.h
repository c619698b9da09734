/*
 * ctlsock.h - the control socket: clients, their roles, their lines.
 *
 * A client can never hold the master up: everything is non-blocking, a client
 * has one command at work, at most CTL_LINE_MAX bytes of input are kept, and
 * nothing more is read from it before it has taken its last answer.  What a
 * command does is in ctlcmd.h.
 */
#ifndef MASTER_CTLSOCK_H
#define MASTER_CTLSOCK_H

#include "ctl.h"
#include "master.h"

struct ctlsock_client;

/* What a client that said --wait waits for. */
enum ctlsock_wait {
	CTLSOCK_NOTHING,
	CTLSOCK_RELOAD,		/* until ctlsock_reload_done() */
	CTLSOCK_SCALE,		/* until the group named has its workers */
	CTLSOCK_DRAIN,		/* until the pid is gone, 0: all workers are */
	CTLSOCK_STOP		/* until the end */
};

/* Make and bind the socket, with privileges.  0, -errno said in the log. */
int ctlsock_open(struct master *);

/* Answer who waits for the end, close everything, remove the socket. */
void ctlsock_close(struct master *);

/* A reload has ended, one way or the other. */
void ctlsock_reload_done(struct master *);

/* Look whether what clients wait for has come. */
void ctlsock_settle(struct master *);

/* CONTROL_DONE has come: read on. */
void ctlsock_returned(struct master *, uint64_t id);

/* The keeper is gone, and with it the connections that it was lent. */
void ctlsock_keeper_died(struct master *);

/* --- for ctlcmd.c --- */

/* Put the answer off.  what: the group (SCALE); pid: who goes (DRAIN). */
void ctlsock_wait(struct ctlsock_client *, enum ctlsock_wait, const char *what,
    pid_t pid);

/* Lend the connection to the keeper: 0, or -errno and it is still ours. */
int ctlsock_lend(struct master *, struct ctlsock_client *, const char *line,
    size_t n);


/* Whether the client whose command is at work asked for JSON. */
int ctlsock_json(const struct ctlsock_client *);

#endif
