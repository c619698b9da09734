/*
 * status.h - the status document: what `status` shows, and what the keeper is
 * sent for its endpoints.
 */
#ifndef MASTER_STATUS_H
#define MASTER_STATUS_H

#include <jansson.h>

#include "master.h"

/* How such documents are written. */
#define STATUS_DUMP (JSON_COMPACT | JSON_REAL_PRECISION(9))

/* The document; NULL without memory.  Free with json_decref(). */
json_t *status_json(const struct master *);

/* Only the workers, as an array: of all groups, or of one, NULL when there is
 * no such group. */
json_t *status_workers(const struct master *, const char *group);

/* Send it to the keeper, when it is there and takes it. */
void status_send(struct master *);

/* The same, when something has changed since that an operator would call a
 * change: processes, their states, phases, reloads. */
void status_send_changes(struct master *);

/* "serving", "reloading" ... */
const char *status_phase(const struct master *);

#endif
