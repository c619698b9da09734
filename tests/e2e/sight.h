/*
 * sight.h - what the tests of the master look for, and the cell they look at.
 */
#ifndef E2E_SIGHT_H
#define E2E_SIGHT_H

#include <check.h>

#include "cell.h"

/* Far above what it takes, far below what would be a failure to notice. */
#define SOON_MS 5000

extern struct cell cell;

/* The fixture. */
void sight_open(void);
void sight_close(void);

/* For cell_until(): another process than that one is ready in its place. */
struct sight_other {
	const char *name;	/* of a helper: "keeper" */
	int index;		/* of a worker */
	pid_t than;
};
int sight_another_worker(struct cell *, void *other);
int sight_another_helper(struct cell *, void *other);
int sight_another_zygote(struct cell *, void *other);

/* For cell_until(): the group has that state (a string), so many workers. */
int sight_group_is(struct cell *, void *state);
int sight_has_workers(struct cell *, void *number);
const char *sight_group_state(struct cell *);
int sight_n_workers(struct cell *);

/* No process of the cell is left (its orphans are our children). */
int sight_none_left(struct cell *, void *unused);
/* Nor its region or its control socket. */
void sight_nothing_left(void);

/* The reply to a command has this text in it. */
void sight_expect(const char *command, const char *in_reply);

TCase *master_kill_case(void);
TCase *master_ops_case(void);
TCase *master_start_case(void);
TCase *master_conf_case(void);

#endif
