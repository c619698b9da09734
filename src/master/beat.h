/*
 * beat.h - what is looked at ten times a second: deadlines, who is in the way,
 * who says nothing any more; and once a second the status document, the log's
 * folded lines, the memory of one worker.
 */
#ifndef MASTER_BEAT_H
#define MASTER_BEAT_H

#include "master.h"

#define BEAT_MS 100

/* Start beating: 0, -ENOMEM. */
int beat_open(struct master *);

#endif
