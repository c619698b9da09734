/*
 * spawn.h - start one program with exactly the descriptors it is given.
 *
 * Between fork and exec the child places the descriptors at their numbers,
 * closes every other one above 2, leads a process group of its own (so that
 * the terminal's signals reach only the master), has default signal handling
 * and an empty mask, and reads standard input from /dev/null.
 */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct spawn_fd {
	int from;	/* ours */
	int to;		/* the child's, above 2, no two alike */
};

struct spawn {
	const char *path;
	const char *const *argv;	/* ends with NULL */
	const struct spawn_fd *fds;
	size_t n_fds;
	int out;	/* the child's standard output; -1: as standard error */
};

#define SPAWN_FDS_MAX 4224	/* listeners, eventfds of 4,096 slots, the rest */

/*
 * Start it.  Returns 0 and the pid, or -errno when nothing was started.  A
 * program that cannot be executed ends with status 127 and a line on standard
 * error.  Does not wait for the exec.
 */
int spawn_start(const struct spawn *, pid_t *pid_out);

/*
 * Where a program of ours is: in dir (skepd.libexec_dir); while that is the
 * built-in default and the running skepd lies in a build tree, beside it.
 * Fills buf; 0 when it can be executed, else -errno.
 */
int spawn_find(const char *program, const char *dir, char *buf, size_t cap);

#endif
