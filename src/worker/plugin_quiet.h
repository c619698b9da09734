/*
 * plugin_quiet.h - what a plugin must not have left behind in a zygote: threads
 * would not exist in its clones, and sockets would be shared by all of them.
 */
#ifndef WORKER_PLUGIN_QUIET_H
#define WORKER_PLUGIN_QUIET_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_QUIET_FDS 4096	/* descriptors that are looked at */

struct plugin_quiet {
	uint64_t sockets[PLUGIN_QUIET_FDS / 64];	/* open before, one bit each */
};

void plugin_quiet_begin(struct plugin_quiet *);
/* 0; -EBUSY and "started a thread", "opened a socket (descriptor 9)" in what. */
int plugin_quiet_check(const struct plugin_quiet *, char *what, size_t n);

/* Threads of this process: from /proc/self/task; -errno. */
int plugin_quiet_threads(void);

#endif
