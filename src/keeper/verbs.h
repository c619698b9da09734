/* verbs.h - what the keeper answers: cache, metrics, events. */
#ifndef KEEPER_VERBS_H
#define KEEPER_VERBS_H

#include "buf.h"
#include "ctl.h"
#include "evring.h"
#include "keeper.h"

/* A client of `events --follow`. */
struct verbs_follow {
	int on;
	struct evring_reader reader;
};

/* Answer a command into out; may turn the client into a stream. */
void verbs_run(struct keeper *, const struct ctl_command *,
    const struct ctl_line *, struct buf *out, struct verbs_follow *follow);

/* Events that have come: how many were written to out. */
unsigned verbs_follow(struct keeper *, struct verbs_follow *, int json,
    struct buf *out);

/* verbs_cache.c */
void verbs_cache(struct keeper *, const struct ctl_command *,
    const struct ctl_line *, struct buf *out);

#endif
