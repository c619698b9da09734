/*
 * deaths.h - every end of a child: collected, explained in the log, and told
 * to who has to do with it.
 */
#ifndef MASTER_DEATHS_H
#define MASTER_DEATHS_H

#include "master.h"

/* SIGCHLD: collect all who have ended. */
void deaths_collect(struct master *);

/*
 * After a child's channel was read: it may have told the pid of one whose
 * death we have already seen, or hung up without telling one.  May free it.
 */
void deaths_after_talk(struct master *, struct child *);

/*
 * Deadlines: who is to be killed by now, and who hung up but will not end.
 */
void deaths_beat(struct master *, uint64_t now_ns);

#endif
