/*
 * wake.h - sleeping until another process has made something true.
 *
 * Sleeper:	wake_arm(me, how);		says that it will sleep
 *		check the condition again;	true: wake_disarm(me)
 *		wake_sleep(me, ms)		(or its own epoll on the eventfd)
 *		wake_disarm(me)
 * Waker:	make it true; wake_slot(region, number)
 *
 * Both have a full fence between their store and their load, so one of them
 * sees the other.  A waker that dies in between is made good by the next
 * repair, which wakes everyone once (reap.h), and by the limit of 100 ms on
 * every wait, after which the sleeper looks again.  Wake-ups may be spurious.
 */
#ifndef SHM_WAKE_H
#define SHM_WAKE_H

#include <stdint.h>

#include "slot.h"

#define WAKE_LIMIT_MS 100

/* How a sleeper is reached: by its word, or through its eventfd (the number
 * given to region_events()), which a loop can poll. */
enum wake_how { WAKE_NONE, WAKE_FUTEX, WAKE_EVENT };

int wake_arm(struct slot_self *, enum wake_how);
void wake_disarm(struct slot_self *);

/* Sleep until woken or ms (at most WAKE_LIMIT_MS) are over.  0 woken (perhaps
 * for nothing), -ETIMEDOUT, -ESTALE when the region is condemned, -ECHILD.
 * Only after wake_arm(WAKE_FUTEX). */
int wake_sleep(struct slot_self *, unsigned ms);

/* Wake a slot if it sleeps: 1 it did, 0 it did not.  One waker wins.  A system
 * call only when it sleeps.  Never waits. */
int wake_slot(struct region *, unsigned number);

/* Wake all who sleep; returns how many. */
unsigned wake_all(struct region *);

#endif
