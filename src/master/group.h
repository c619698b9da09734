/* group.h - names of groups, and what of them outlives a reload. */
#ifndef MASTER_GROUP_H
#define MASTER_GROUP_H

#include "master.h"

/* The group of that name, made when missing: 0, -errno. */
int group_take(struct master *, const char *name, struct group **out);

/* NULL when there is none. */
struct group *group_find(const struct master *, const char *name);

/*
 * A number for a new worker of the group: that of one who died, so that it
 * takes its place in name, too; else the lowest that nobody has, from 1.
 * 0: none left.
 */
unsigned group_number(const struct master *, struct group *);

/* Forget the groups that no generation has. */
void group_sweep(struct master *);

void group_fini(struct master *);

#endif
