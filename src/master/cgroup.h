/*
 * cgroup.h - what our control group may use, as it and its parents limit it.
 *
 * Version 2 has one hierarchy (line "0::/path" of /proc/self/cgroup), version 1
 * one for each controller ("4:memory:/path"); a machine may have both.  In a
 * container the path may be the host's, which is not there: of the way up to
 * the root only what exists counts.
 */
#ifndef MASTER_CGROUP_H
#define MASTER_CGROUP_H

#include <stdint.h>

struct cgroup_limits {
	uint64_t memory_bytes;	/* the lowest; 0: none */
	int cpus;		/* the smallest quota, rounded up; 0: none */
};

/*
 * Read them.  root stands before /proc and /sys: "", or a directory that
 * pretends to be a machine.  What cannot be read limits nothing.
 */
void cgroup_limits(const char *root, struct cgroup_limits *out);

#endif
