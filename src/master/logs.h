/*
 * logs.h - the section log of the configuration: format, levels and the access
 * log, here and in every child.
 *
 * A child reads the configuration of its generation when it starts.  What `log
 * level` has set since is sent to those that start later; it stands until a
 * reload changes log.level.
 */
#ifndef MASTER_LOGS_H
#define MASTER_LOGS_H

#include "master.h"

/* Format and levels of our own lines. */
void logs_apply(const struct conf *);

/*
 * Open the access log of a generation, before its zygotes start.  0; -errno,
 * and why says which file.
 */
int logs_open(struct gen *, char *why, size_t cap);

/* Open the access logs again and pass them on.  0, -errno said in the log. */
int logs_reopen(struct master *);

/* "info" or "cache=debug", here and in every child.  0, -EINVAL, -ENOSPC. */
int logs_set_level(struct master *, const char *spec);

/* Send a child that has just been started the levels that are in force. */
void logs_tell(const struct master *, struct child *);

/* m->gen has taken the place of that one: be as it says. */
void logs_commit(struct master *, const struct gen *old);

#endif
