/*
 * listen.h - the sockets that the service is reached by.
 *
 * The master binds, the workers accept.  A set holds every listener of the
 * running configuration and outlives reloads: an address that stays keeps its
 * socket, with whatever is queued on it.  Addresses
 * are written as addr.h says.
 */
#ifndef MASTER_LISTEN_H
#define MASTER_LISTEN_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "addr.h"

struct listen_sock {
	struct addr addr;
	char text[ADDR_LEN];	/* as the configuration has it */
	char bound[ADDR_LEN];	/* with the port that port 0 became */
	int fd;
	dev_t dev;		/* of a path of ours, to remove it */
	ino_t ino;
	int inherited;		/* from the service manager: its to remove */
	unsigned used;		/* generations that serve it */
	unsigned stamp;		/* the last that took it */
	char owner[64];
};

/* For whom, and what a new socket is made with. */
struct listen_plan {
	const char *owner;	/* the option that names the address */
	unsigned stamp;		/* of the generation, not 0: see listen_take() */
	int backlog;
	mode_t mode;		/* of a UNIX socket's path */
	uid_t uid;		/* and whose it is */
	gid_t gid;
};

struct listen_set {
	struct listen_sock **v;
	size_t n;
	int given[16];			/* passed by the service manager, unclaimed */
	size_t n_given;
};

/*
 * Claim what the service manager passed (LISTEN_PID, LISTEN_FDS) and hide the
 * variables from our children.  Returns how many.
 */
int listen_activated(struct listen_set *);

/*
 * The listener of an address: the one that the set has, one that was passed,
 * or a new one.  Within one generation an address can be taken once; port 0
 * is another port each time, and stays with its owner over reloads.  A UNIX socket whose owner is gone is taken over; call only
 * while the run directory's lock is held.  Borrowed until listen_drop().
 * Returns 0, or -errno (-EADDRINUSE: somebody else listens there).
 */
int listen_take(struct listen_set *, const char *text,
    const struct listen_plan *, struct listen_sock **sock_out);

/*
 * Backlog, mode and owner as this plan has them, of one that was made with
 * another; what the service manager passed is left as it is.  0, -errno.
 */
int listen_adjust(struct listen_sock *, const struct listen_plan *);

/* One user less; without any it is closed, and its path removed. */
void listen_drop(struct listen_set *, struct listen_sock *);

/* Close all, remove the paths that are still ours. */
void listen_fini(struct listen_set *);

#endif
