/*
 * master.h - what the master holds, for the files of this directory.
 *
 *	struct master		one; made in main.c
 *	  struct gen		one load of configuration and plugins (gen.h)
 *	    struct crew		one group of that generation (crew.h)
 *	  struct group		one name of a group, over all generations
 *	  struct child		one process (roster.h)
 *
 * One thread and one loop; nothing here waits for a child, a client or a lock
 * of the region.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include <limits.h>
#include <stdint.h>
#include <sys/queue.h>

#include "area.h"
#include "clock.h"
#include "conf.h"
#include "crash_loop.h"
#include "death.h"
#include "fds.h"
#include "listen.h"
#include "priv.h"
#include "roster.h"
#include "rundir.h"
#include "slots.h"

struct event_base;
struct event;
struct ctlsock;

#define GROUP_NUMBERS 1024	/* workers of a name, over all generations */
#define MASTER_WHY    640

/* What outlives a reload. */
struct group {
	LIST_ENTRY(group) link;
	char name[CONF_NAME_MAX + 1];
	int handover[2];	/* receiving end, sending end */
	unsigned manual;	/* `scale GROUP N`; 0: auto */
	uint32_t restarts[GROUP_NUMBERS];
	uint8_t bereft[GROUP_NUMBERS];	/* died and not replaced yet */
};

enum crew_state { CREW_STARTING, CREW_READY, CREW_FAILED };

struct crew {
	struct gen *gen;
	struct group *group;
	int g;			/* its number in the configuration */
	unsigned min, max, start;
	struct listen_sock *listen[FD_LISTEN_MAX];
	unsigned n_listen;
	enum crew_state state;
	int drained;		/* `drain`: no workers until told; a reload tells */
	int starved;		/* no slot for a worker: said, and why says it */
	struct child *zygote;
	struct crash_loop deaths, zygote_deaths;
	uint64_t retry_ns, zygote_retry_ns;	/* not before */
	uint64_t failed_ns;	/* when it entered CREW_FAILED */
	unsigned lost, zygote_lost;	/* in a row, for the pauses */
	char why[MASTER_WHY];	/* the last failure, for status */
};

struct gen {
	LIST_ENTRY(gen) link;
	uint32_t number;
	struct conf *conf;
	int conf_fd;		/* sealed memfd for the children */
	int access_log;		/* -1: none */
	struct crew *crews;
	unsigned n_crews;
	struct listen_sock *admin[FD_LISTEN_MAX];
	unsigned n_admin;
	int retired;		/* its workers drain, nothing is restarted */
};

/* A child that there is one of. */
struct helper {
	struct child *child;	/* NULL: none now */
	unsigned lost;		/* early deaths in a row */
	uint64_t retry_ns;
};

enum phase {
	PHASE_STARTING,		/* until READY=1 */
	PHASE_SERVING,
	PHASE_REBUILDING,	/* the region is condemned, all children go */
	PHASE_STOPPING
};

struct master {
	struct event_base *base;
	const char *conf_file;
	const char *const *sets;	/* -o section.key=value */
	size_t n_sets;
	enum phase phase;
	int exit_status;
	int on_terminal;
	uint64_t started_ns;

	struct rundir rundir;
	struct priv priv;
	struct listen_set listeners;
	struct area area;
	struct slots slots;

	struct roster roster;
	struct roster_unclaimed unclaimed;
	struct death_oom oom;
	LIST_HEAD(, group) groups;
	LIST_HEAD(, gen) gens;
	struct gen *gen;	/* serving */
	struct gen *next;	/* a reload brings it up; NULL: none */
	uint32_t last_number;	/* of a generation */
	uint64_t next_deadline_ns;
	char reload_why[MASTER_WHY];	/* of the last one; "" it succeeded */
	uint64_t reloads, reloads_refused;

	struct helper keeper, mender;
	uint64_t status_print;	/* of the last document sent (status.c) */
	int reaping;		/* a REAP is with the mender */
	uint32_t reaping_slot;
	uint64_t reaping_until_ns;

	uint64_t stop_deadline_ns;
	int stop_killed;

	char worker_path[PATH_MAX], keeper_path[PATH_MAX],
	    mend_path[PATH_MAX];
	struct ctlsock *ctl;
	LIST_HEAD(, ctlclient) ctl_clients;
	unsigned n_ctl_clients;
	unsigned n_ctl_guests;	/* of them: not root, nor our own user */
	uint64_t last_ctl_client;	/* its id */
	struct event *events[16];
	unsigned n_events;
	uint64_t beats, watchdog_ns;
};

static inline uint64_t
master_now(void)
{
	return (uint64_t)clock_mono_ns();
}

/*
 * Something has changed: start what is missing, retire what is too much, and
 * see whether a start, a reload, a stop or a rebuild has come to its end.
 */
void master_settle(struct master *);

#endif
