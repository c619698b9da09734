/*
 * status.h - the status document: what `status` shows, and what the keeper is
 * sent for its endpoints.
 */
#ifndef MASTER_STATUS_H
#define MASTER_STATUS_H

#include <jansson.h>

#include "master.h"

/* The document; NULL without memory.  Free with json_decref(). */
json_t *status_json(const struct master *);

/* Only what concerns workers, as an array. */
json_t *status_workers(const struct master *);

/* Send it to the keeper, when it is there and takes it. */
void status_send(struct master *);

/* "serving", "reloading" ... */
const char *status_phase(const struct master *);

#endif
