/*
 * keeper.h - what the housekeeping process holds, for the files here.
 *
 * One thread, one loop.  It may wait for the region and be killed by a spoiled
 * one: the master starts another.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include <jansson.h>
#include <stdint.h>

#include "cache.h"
#include "chan.h"
#include "conf.h"
#include "metric.h"
#include "region.h"
#include "slot.h"

struct event_base;
struct event;
struct admin;
struct serve;

struct keeper {
	struct event_base *base;
	struct conf *conf;
	struct chan *chan;
	struct event *chan_in, *chan_out, *ticker, *term;
	struct region *region;
	struct slot_self *self;
	struct cache *cache;
	struct metric_snap *snap;	/* 300 KiB, used by one request at a time */
	struct admin *admin;
	struct serve *serve;
	json_t *status;		/* the master's document; NULL until it came */
	int64_t status_ns;	/* when */
	int32_t master_pid;
	uint32_t generation, slot;
	unsigned n_listen;
	uint64_t ticks;
};

#endif
