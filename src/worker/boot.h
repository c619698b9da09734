/*
 * boot.h - what a zygote prepares, and how a worker begins in its clone.
 *
 * Everything that costs time and may be shared is done once, before the first
 * clone: configuration, region mapping, plugins, routes.  What must not be
 * shared is made after the fork: slot, event base, connections, timers.
 */
#ifndef WORKER_BOOT_H
#define WORKER_BOOT_H

#include <stdint.h>

#include "msg.h"

struct conf;
struct plugin_set;
struct plugin_why;
struct region;
struct route_table;

/* From the command line. */
struct boot_args {
	const char *group;
	uint32_t generation;
	unsigned n_listeners;
	unsigned n_slots;
};

/* Shared by the zygote and its clones. */
struct boot {
	struct boot_args args;
	struct conf *conf;
	int g;				/* the group's number in conf */
	struct region *region;
	struct plugin_set *plugins;
	struct route_table *routes;
};

/* In the zygote.  0, -errno and *why (what FAIL will say). */
int boot_load(struct boot *, const struct boot_args *, struct plugin_why *why);

/* The zygote's end.  Also of one half loaded. */
void boot_unload(struct boot *);

/*
 * In a clone whose channel is at FD_CHAN: from attaching the slot to the end of
 * service.  Returns the exit status.
 */
int boot_worker(struct boot *, const struct msg_clone *);

#endif
