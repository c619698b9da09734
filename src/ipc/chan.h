/*
 * chan.h - a message channel to another process of the server.
 *
 * A channel is one end of a SOCK_SEQPACKET pair; a packet is one message of
 * msg.h, with descriptors where its type has them.  Nothing here waits: what
 * the peer does not take is queued, up to a limit.
 *
 *	master                                   child
 *	chan_pair(sv)
 *	chan_open(&c, sv[0], generation)         chan_open(&c, FD_CHAN, generation)
 *	loop: fd readable -> chan_recv() until it returns 0
 *	      fd writable, while chan_pending() -> chan_flush()
 *	chan_close(&c)
 *
 * A peer that sends what msg.h does not allow gets its channel closed:
 * chan_recv() returns -EPROTO and the caller calls chan_close().
 */
#ifndef IPC_CHAN_H
#define IPC_CHAN_H

#include <stddef.h>
#include <stdint.h>

#include "msg.h"

struct chan;

#define CHAN_QUEUE_MAX 256	/* packets that wait for a slow peer */

/* A message as received.  body and text live until the next chan_recv(). */
struct chan_msg {
	struct msg_head head;
	const void *body;	/* the struct of head.type, aligned to 8 */
	const char *text;	/* head.text_len bytes and a NUL */
	int fds[MSG_FDS];	/* the receiver's; set to -1 those you keep */
	unsigned n_fds;
};

/* Two connected, non-blocking, close-on-exec ends.  0, -errno. */
int chan_pair(int sv_out[2]);

/* Takes fd.  generation goes into every head sent.  0, -errno (fd remains the caller's). */
int chan_open(struct chan **out, int fd, uint32_t generation);
void chan_close(struct chan **);
int chan_fd(const struct chan *);

/*
 * Send or queue.  body is the struct of the type, text may be NULL; fds (may be
 * NULL) are copied, the caller keeps them.  0, -ENOBUFS when CHAN_QUEUE_MAX
 * packets wait, -EMSGSIZE, -EPIPE when the peer is gone, -errno.
 */
int chan_send(struct chan *, unsigned type, const void *body,
    const char *text, size_t text_len, const int *fds, unsigned n_fds);

/* Packets that wait for the descriptor to become writable. */
size_t chan_pending(const struct chan *);
/* Send what waits.  0 (also when some remains), -EPIPE, -errno. */
int chan_flush(struct chan *);

/*
 * Take one message.  1 and *msg_out (pass it to chan_msg_fini()), 0 when there
 * is none now, -EPIPE at the end of file, -EPROTO when the peer broke the rules,
 * -errno.
 */
int chan_recv(struct chan *, struct chan_msg *msg_out);
/* As chan_recv(), but waits for at most timeout_ms (-1: for ever).  -ETIMEDOUT. */
int chan_wait(struct chan *, int timeout_ms, struct chan_msg *msg_out);
/* Close the descriptors that are left in it. */
void chan_msg_fini(struct chan_msg *);

/*
 * One message on a bare descriptor, without a struct chan: what the process in
 * the middle of a double fork says.  0, -errno.
 */
int chan_post(int fd, uint32_t generation, unsigned type, const void *body,
    const char *text, size_t text_len);

/*
 * Check a packet and find its parts; data must be aligned to 8 and have one
 * spare byte behind len, where a NUL is put.  0, -EPROTO.  (What chan_recv()
 * does, for the fuzz target.)
 */
int chan_decode(char *data, size_t len, unsigned n_fds,
    struct chan_msg *msg_out);

#endif
