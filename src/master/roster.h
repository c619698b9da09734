/*
 * roster.h - every child of the master, and the states it goes through.
 *
 *	         SPAWN           READY           DRAIN
 *	VACANT ---------> STARTING ----> SERVING ----> DRAINING
 *	   ^                 |  KILL        |  KILL       |  KILL
 *	   |                 +-----------+--+-------------+
 *	   |                             v
 *	   +---------- EXIT -------- EXITING
 *
 * EXIT leads from every state but VACANT back to VACANT.  A worker is known
 * from the moment its zygote is asked for it, before it has a pid.
 */
#ifndef MASTER_ROSTER_H
#define MASTER_ROSTER_H

#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "chan.h"
#include "crash_loop.h"

struct crew;
struct event;
struct master;

enum child_kind { CHILD_WORKER, CHILD_ZYGOTE, CHILD_KEEPER, CHILD_MENDER };

enum child_state {
	CST_VACANT,
	CST_STARTING,
	CST_SERVING,
	CST_DRAINING,
	CST_EXITING,
	CST_N
};

enum child_event { CEV_SPAWN, CEV_READY, CEV_DRAIN, CEV_KILL, CEV_EXIT, CEV_N };

#define CHILD_NO_SLOT UINT32_MAX
#define CHILD_WHY_MAX 512

struct child {
	LIST_ENTRY(child) link;
	enum child_kind kind;
	enum child_state state;
	char name[56];		/* "web.1", "web.zygote", "keeper" */
	pid_t pid;		/* 0: not told yet */
	uint32_t slot;		/* CHILD_NO_SLOT: it has none */
	uint32_t generation;
	struct master *master;	/* for the events of its channel */
	struct chan *chan;	/* NULL: closed */
	struct event *readable, *writable;

	uint64_t asked_ns;	/* when we decided to start it */
	uint64_t ready_ns;	/* when it said READY; 0 not yet */
	uint64_t kill_ns;	/* SIGKILL is due; 0 never */
	uint64_t hangup_ns;	/* when it closed its channel; 0 not */
	int doomed;		/* we sent SIGKILL: doom says why */
	enum death_kind doom;

	uint64_t held, held_ns;	/* a lock seen held, and since when */
	int warned;		/* of its long section */

	unsigned silent;	/* beats since it last said anything (pulse.c) */
	uint64_t cpu_ticks;	/* at the last look at a silent one */

	struct crew *crew;	/* of a worker or zygote */
	unsigned number;	/* of a worker in its group */

	/* What it said of itself. */
	uint64_t requests, pss_bytes, ready_us;
	uint32_t connections, busy_permille;
	uint32_t fail_phase;	/* enum msg_fail_phase; 0: it said no FAIL */
	char why[CHILD_WHY_MAX];	/* the text of FAIL or STUCK */
};

LIST_HEAD(roster, child);

/* A new child in VACANT; NULL without memory.  Free with roster_drop(). */
struct child *roster_add(struct roster *, enum child_kind, const char *name);

/* Take it off the roster, close its channel and free it. */
void roster_drop(struct child *);

/* Go where an event leads; a pair that the table does not list is must(). */
void roster_step(struct child *, enum child_event);

/* The state that an event leads to, -1 where the table lists none. */
int roster_next(enum child_state, enum child_event);

/* By pid (not 0); NULL when there is none. */
struct child *roster_find(const struct roster *, pid_t);

/* How many children there are; of a crew's workers in a state (NULL: any). */
unsigned roster_count(const struct roster *);
unsigned roster_workers(const struct roster *, const struct crew *,
    enum child_state);

/* As `status` shows it: starting, ready, draining. */
const char *roster_state_name(enum child_state);
const char *roster_kind_name(enum child_kind);

/* SIGKILL, once; doom is what its death will mean. */
void roster_kill(struct child *, enum death_kind doom);

/* --- deaths that come before we were told the pid --- */

/*
 * A worker's death can be seen before the SPAWNED that names it: both race.
 * Such deaths are kept for a while.
 */
#define ROSTER_UNCLAIMED 64

struct roster_unclaimed {
	struct {
		pid_t pid;
		int status;
		uint64_t at_ns;
	} v[ROSTER_UNCLAIMED];
	unsigned next;
};

void roster_unclaimed_put(struct roster_unclaimed *, pid_t, int status,
    uint64_t now_ns);
/* 1 and the status when this pid's death was seen within the last 10 s. */
int roster_unclaimed_take(struct roster_unclaimed *, pid_t, uint64_t now_ns,
    int *status_out);

#endif
