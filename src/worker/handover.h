/*
 * handover.h - connections on their way from a draining worker to the next
 * generation of its group.
 *
 * One connection is one SOCK_SEQPACKET packet: struct handover_head, the bytes
 * that were read and not yet answered, and the descriptor.  All workers of a
 * group share the one socket pair: the kernel gives a packet to whichever
 * worker reads first, and keeps it when nobody does, so nothing is lost when a
 * receiver dies between packets.
 *
 * Who serves takes what comes; who hands over must not, or it would take its own.
 * Once all are CLOSING nobody serves: each takes its own queue back and what
 * still lies in the socket, and the last to leave finds it empty.
 */
#ifndef WORKER_HANDOVER_H
#define WORKER_HANDOVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct worker;
struct handover;

#define HANDOVER_MAGIC	   0x31766f68u	/* "hov1" */
#define HANDOVER_BYTES_MAX 65536	/* a header block and its request line fit */

struct handover_head {
	uint32_t magic;
	uint32_t n_bytes;	/* behind this head */
	uint32_t generation;	/* the sender's */
	uint16_t peer_len;
	uint16_t protocol;	/* what is spoken on it: group.protocol */
	struct sockaddr_storage peer;
};

int handover_open(struct handover **out, struct worker *);
void handover_close(struct handover **);

/*
 * Give a connection away.  Takes fd and copies the bytes; sends at once or when
 * the socket has room again (the worker does not end before).  The caller has
 * removed its events for fd.  -EMSGSIZE (too many bytes), -ENOMEM: fd is still
 * the caller's.
 */
int handover_put(struct handover *, int fd, const struct sockaddr *peer,
    socklen_t peer_len, const char *bytes, size_t n);

/* Connections that still wait to be sent. */
unsigned handover_pending(const struct handover *);

/*
 * Begin (1) or end (0) taking connections from older generations: front->take()
 * gets them.  Stops by itself while the process has no descriptor to spare.
 */
int handover_listen(struct handover *, int on);

/* Take back what waits to be sent: front->take() gets it. */
void handover_recall(struct handover *);

/* Take what lies in the socket now. */
void handover_sweep(struct handover *);

#endif
