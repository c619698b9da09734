/*
 * line.h - a child's channel in the master's loop: what it says is carried
 * out here, what we say is queued and never waited for.
 */
#ifndef MASTER_LINE_H
#define MASTER_LINE_H

#include "master.h"

/* Give the child our end of its channel.  Takes fd.  0 or -errno. */
int line_open(struct master *, struct child *, int fd);

/* Hang up: a child that finds its channel closed ends by itself. */
void line_close(struct child *);

/*
 * Send, or queue.  0; -EPIPE when it hung up; -ENOBUFS when it takes nothing
 * (said in the log).
 */
int line_send(struct child *, enum msg_type, const void *body,
    const char *text, size_t text_len, const int *fds, unsigned n_fds);

/*
 * Read what has come: before a death is acted upon, for FAIL says why.  Does
 * not free the child.
 */
void line_drain(struct master *, struct child *);

/* The same for all workers whose pid we were not told yet. */
void line_drain_unnamed(struct master *);

#endif
