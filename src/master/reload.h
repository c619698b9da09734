/*
 * reload.h - the next generation: up and ready first, then the old one drains.
 *
 * Until it is ready nothing of the old one is touched.  When a zygote or a
 * worker of it fails, or reload.timeout passes, it is dropped: its workers hand
 * their connections back, and the reason is the answer to `reload`.
 */
#ifndef MASTER_RELOAD_H
#define MASTER_RELOAD_H

#include "master.h"

/*
 * Read the configuration and begin.  0; -EBUSY when one is under way;
 * -EINVAL and others with the reason in m->reload_why.
 */
int reload_begin(struct master *);

/* Only read the configuration: 0, or -errno with the reason in
 * m->reload_why. */
int reload_try(struct master *);

/* The next generation has failed. */
void reload_refuse(struct master *, const char *why);

/* Is it ready, or late? */
void reload_settle(struct master *);

#endif
