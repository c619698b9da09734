/*
 * ctlsock.h - the control socket.
 */
#ifndef MASTER_CTLSOCK_H
#define MASTER_CTLSOCK_H

#include "master.h"

int ctlsock_open(struct master *);
void ctlsock_close(struct master *);

/* A reload has ended, one way or the other: answer who waits for it. */
void ctlsock_reload_done(struct master *);

#endif
