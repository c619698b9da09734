/*
 * watchdog.h - a handler that holds the loop.
 *
 * A timer sends the loop's thread a signal several times within the limit.
 * When the same run of a handler (or the same callback of the loop) has been
 * seen for watchdog.warn, a warning follows when it ends; at watchdog.limit it
 * is named in the log with a backtrace, the master is told (STUCK), and the
 * process exits with status 71: nothing else can take the loop back.
 */
#ifndef WORKER_WATCHDOG_H
#define WORKER_WATCHDOG_H

#include <stdint.h>

struct loop;

#define WATCHDOG_EXIT 71

/*
 * Watch l, whose thread is the calling one.  generation: for the STUCK message,
 * sent on channel FD_CHAN.  One a process; after the fork.  0, -errno.
 */
int watchdog_open(struct loop *l, int64_t warn_ns, int64_t limit_ns,
    uint32_t generation);
void watchdog_close(void);

#endif
