/*
 * notice.h - turns changes between two status documents into events: workers
 * that come, change and go, groups that fail, reloads that are refused.  The
 * master writes nothing into the region, so this is where its doings get into
 * the event ring.
 */
#ifndef KEEPER_NOTICE_H
#define KEEPER_NOTICE_H

#include <jansson.h>

#include "evring.h"
#include "keeper.h"

/* One event in words. */
typedef void notice_fn(void *arg, enum evring_level, const char *text);

/* before is NULL for the first document, which makes one event. */
void notice_diff(const json_t *before, const json_t *after, notice_fn *,
    void *arg);

/* The same into the region. */
void notice_changes(struct keeper *, const json_t *before,
    const json_t *after);

#endif
