/*
 * area.h - the region from the master's side: how large, where, made anew.
 *
 * A name left behind by a dead skepd is verified by skep-mend, for the log,
 * and replaced.  A clean stop removes the name.
 */
#ifndef MASTER_AREA_H
#define MASTER_AREA_H

#include <limits.h>
#include <stdint.h>

#include "conf.h"
#include "region.h"

struct cache;

struct area {
	struct region *region;
	struct cache *cache;	/* a view for the figures of `status` */
	char path[PATH_MAX];	/* "" for a memfd */
	uint64_t size_bytes;
	uint32_t n_slots;
	int *events;		/* one eventfd a slot */
};

/*
 * Make the eventfds (the first time) and a region as the configuration says.
 * mend_path: the program that verifies what a dead one left.  Logs what
 * limited the size.  0 or -errno, said in the log.
 */
int area_open(struct area *, const struct conf *, const char *mend_path);

/* Unmap, and remove the name.  The eventfds stay. */
void area_drop(struct area *);

/* The end: also the eventfds. */
void area_close(struct area *);

#endif
