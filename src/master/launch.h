/*
 * launch.h - start the programs that the master starts itself, with the
 * descriptors that ipc/fds.h promises them.
 *
 * Each returns 0 and the child in STARTING, on the roster with its channel in
 * the loop; or -errno, and nothing was started.
 */
#ifndef MASTER_LAUNCH_H
#define MASTER_LAUNCH_H

#include "master.h"

int launch_zygote(struct master *, struct crew *, struct child **out);
int launch_keeper(struct master *, struct child **out);
int launch_mender(struct master *, struct child **out);

/* Find the three programs: 0, or -errno said in the log. */
int launch_find(struct master *);

#endif
