/*
 * notify.h - what the service manager is told: the protocol of sd_notify(3),
 * spoken without its library.  Without NOTIFY_SOCKET every call does nothing.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

#include <stdint.h>

/*
 * Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, and hide them from our
 * children.  Returns 0, or -errno when the address given is no good.
 */
int notify_open(void);

/* How often WATCHDOG=1 is due: half of what was asked for; 0: never. */
uint64_t notify_watchdog_ns(void);

/* Send lines such as "READY=1\nSTATUS=2 groups".  Never waits. */
void notify_send(const char *lines);

/* RELOADING=1 with the clock that the protocol asks for. */
void notify_reloading(void);

void notify_close(void);

#endif
