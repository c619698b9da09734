/*
 * worker.h - the one context of a worker process, and what a front (HTTP, raw
 * connections) and the worker promise each other.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "loop.h"
#include "task.h"

struct accept;
struct cache;
struct conf;
struct drain;
struct front;
struct handover;
struct link;
struct once;
struct plugin_set;
struct region;
struct route_table;
struct slot_self;

enum worker_drain { WORKER_SERVING, WORKER_HANDOVER, WORKER_CLOSING };

struct worker {
	/* Who we are: set before anything else runs. */
	const char *group;
	uint32_t generation;
	uint32_t number;	/* in the group, from 1 */
	uint32_t slot;
	uint16_t protocol;	/* group.protocol */
	char name[80];		/* "web.1" */

	struct conf *conf;
	struct loop loop;
	struct task_pool tasks;
	struct plugin_set *plugins;
	struct route_table *routes;
	const struct front *front;
	void *front_state;	/* the front's own */
	struct accept *accept;	/* NULL: takes no more connections */
	struct handover *handover;
	struct drain *draining;
	struct link *link;
	struct region *region;
	struct slot_self *self;	/* our slot */
	struct cache *cache;	/* NULL: the region has none */
	struct once *once;	/* ... then neither is this */

	enum worker_drain drain;
	uint32_t n_ticks;	/* of 100 ms */
	uint32_t n_conns, conns_max;
	uint64_t n_requests;	/* counted by the front when an answer is complete */
};

/*
 * A front takes connections.  One for each worker: http_front when the plugins
 * of the group have routes, stream_front when one of them has conn.
 */
struct front {
	const char *name;
	/* Once, after the fork, before the first connection.  0, -errno. */
	int (*open)(struct worker *);
	/*
	 * A connection: fd is non-blocking and now the front's.  peer may have
	 * peer_len 0 (unknown).  n bytes of its input have already been read (by
	 * an older generation) and are borrowed during the call.
	 */
	void (*take)(struct worker *, int fd, const struct sockaddr *peer,
	    socklen_t peer_len, const char *bytes, size_t n);
	/*
	 * w->drain has just become HANDOVER or CLOSING; no more connections
	 * come by accept.  HANDOVER: idle ones go to handover_put(), busy ones
	 * when they become idle.  CLOSING: the last answer says close.
	 */
	void (*drain)(struct worker *);
	/* Once, before exit: close what is left. */
	void (*close)(struct worker *);
};

extern const struct front http_front, stream_front;

/* By the front: a connection is over (its fd closed or given to handover_put()).  The other half of take(). */
void worker_conn_over(struct worker *);

/*
 * What it cannot serve without is gone: a plugin has closed a descriptor that
 * is not its own, say.  Tells the log and the master, and ends the process with
 * status 70: the connections that it has are lost with it, as in a crash.
 */
__attribute__((noreturn)) void worker_broken(const struct worker *,
    const char *what, int error);

#endif
