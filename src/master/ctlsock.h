/*
 * ctlsock.h - the control socket: who may connect, and in which role.
 *
 * What a client then says is in ctlclient.h.
 */
#ifndef MASTER_CTLSOCK_H
#define MASTER_CTLSOCK_H

#include "master.h"

/* Make and bind the socket, with privileges.  0, -errno said in the log. */
int ctlsock_open(struct master *);

/* Answer who waits for the end, close everything, remove the socket. */
void ctlsock_close(struct master *);

#endif
