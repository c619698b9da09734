/*
 * death.h - collect the children that have ended, and say in words why.
 *
 * The master is a child subreaper, so a worker that a zygote forked twice is
 * its own child, and so is the orphan of anything that a plugin started.
 */
#ifndef MASTER_DEATH_H
#define MASTER_DEATH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "crash_loop.h"

struct death {
	pid_t pid;
	int status;		/* as waitpid gave it */
	enum death_kind kind;	/* ASKED and LATE are for the caller to say */
	uint64_t max_rss_kib;	/* the most memory that it ever had */
	uint64_t cpu_ms;
};

/* Counters of out-of-memory kills, to tell them from other SIGKILLs. */
struct death_oom {
	uint64_t cgroup;	/* oom_kill of our cgroup's memory.events */
	uint64_t machine;	/* oom_kill of /proc/vmstat */
};

/* Read the counters as they are now; what cannot be read is 0. */
void death_oom_init(struct death_oom *);

/*
 * The next child that has ended: 1 and *death_out, 0 when there is none,
 * -errno.  Never waits.
 */
int death_next(struct death_oom *, struct death *death_out);

/* What the status alone says; oom_kills: such kills since the last death. */
enum death_kind death_of_status(int status, int oom_kills);

/*
 * The same of a child: asked says whether it was to go, by DRAIN or by the end
 * of its channel.  One that ends in order without that has brought it on
 * itself: exit(0) in a plugin, say.
 */
enum death_kind death_of_child(enum death_kind, int asked);

/*
 * "sig=11 signal=SIGSEGV core=yes" or "status=78 (configuration or plugin refused)".
 * Returns buf.
 */
const char *death_words(const struct death *, char *buf, size_t cap);

/* "fault", "memory" ... */
const char *death_kind_name(enum death_kind);

#endif
