/*
 * plugin_quiet.h - what a plugin must not have left behind in a zygote: threads
 * would not exist in its clones, sockets would be shared by all of them, and a
 * child process would be nobody's: it would outlive the zygote, and the server.
 */
#ifndef WORKER_PLUGIN_QUIET_H
#define WORKER_PLUGIN_QUIET_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_QUIET_FDS 4096	/* descriptors that are looked at */

struct plugin_quiet {
	uint64_t sockets[PLUGIN_QUIET_FDS / 64];	/* open before, one bit each */
};

/* Before code of a plugin runs: its constructors, then its warm(). */
void plugin_quiet_begin(struct plugin_quiet *);
/*
 * Afterwards.  0; -EBUSY and "started a thread", "opened a socket (descriptor
 * 9)", "left a child process behind" in what.
 */
int plugin_quiet_check(const struct plugin_quiet *, char *what, size_t n);

/*
 * A zygote, around the loading of its plugins: on, whatever they start and
 * disown becomes its own child and is seen.
 */
void plugin_quiet_adopt(int on);

/* End all children that are left, as far as /proc names them: the zygote ends. */
void plugin_quiet_end_children(void);

#endif
