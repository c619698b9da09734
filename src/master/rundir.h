/*
 * rundir.h - the run directory: control socket, lock, and at most one skepd.
 *
 * The lock is a flock on the file "lock".  It dies with its holder, so a file left
 * behind means nothing; its text is the holder's pid, for people.
 */
#ifndef MASTER_RUNDIR_H
#define MASTER_RUNDIR_H

#include <limits.h>
#include <sys/types.h>

struct rundir {
	char path[PATH_MAX];
	int lock_fd;
};

/*
 * Make the directory when missing, owned by uid and gid, and lock it.
 * Returns 0; -EEXIST when another skepd has it, its pid in *holder_out (0:
 * could not be read); else -errno.
 */
int rundir_open(struct rundir *, const char *path, uid_t, gid_t,
    pid_t *holder_out);

/* Give the lock back.  The lock file stays: removing it would race. */
void rundir_close(struct rundir *);

#endif
