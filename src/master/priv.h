/*
 * priv.h - which user the service runs as.
 *
 * Started as root, skepd needs `user`: it binds, makes the region, then drops.
 * Serving as root has to be asked for by name (user = root).
 */
#ifndef MASTER_PRIV_H
#define MASTER_PRIV_H

#include <stdint.h>
#include <sys/types.h>

struct priv {
	uid_t uid;
	gid_t gid;
	char name[64];		/* for initgroups; empty: nothing to drop */
};

/*
 * Resolve skepd.user and skepd.group (names or numbers; "" when not set).
 * Returns 0; -EACCES: root without a user; -EPERM: a change that only root can
 * make; -ENOENT: no such user or group.
 */
int priv_resolve(const char *user, const char *group, struct priv *out);

/* Become that user for good.  0 or -errno. */
int priv_drop(const struct priv *);

/* A group by name or number: 0, -ENOENT. */
int priv_group(const char *name, gid_t *gid_out);

/* Raise the limit of open files to n, or as far as allowed; returns it. */
uint64_t priv_nofile(uint64_t n);

#endif
