/*
 * fds.h - descriptor numbers that a child of the master finds open, and
 * nothing else above 2.  The master places them between fork and exec; what a
 * program is not given stands as -1 in no table: it is simply closed.
 *
 *	program      CHAN REGION CONF HANDOVER ACCESS_LOG LISTEN EVENT
 *	zygote       x    x      x    x        x          x      x
 *	worker       x    x      x    x        x          x      x   (of the zygote, CHAN replaced)
 *	keeper       x    x      x             .          admin  x
 *	mender       x    x                                      x
 */
#ifndef IPC_FDS_H
#define IPC_FDS_H

#define FD_CHAN		3	/* SOCK_SEQPACKET to the master; its end of file means the master is gone */
#define FD_REGION	4	/* the region file; its record locks live as long as this stays open */
#define FD_CONF		5	/* memfd with the effective configuration (conf_write/conf_read) */
#define FD_HANDOVER_RX	6	/* SOCK_SEQPACKET: connections given up by older generations of the group */
#define FD_HANDOVER_TX	7	/* its other end: where a draining worker puts them */
#define FD_ACCESS_LOG	8	/* append-only file, or closed: no access log (a worker keeps the number taken) */
#define FD_LISTEN	16	/* the group's listeners, in the order of its listen option */
#define FD_LISTEN_MAX	16	/* listeners a group can have */
#define FD_EVENT	64	/* one eventfd a slot of the region, in the order of the slots */

#endif
