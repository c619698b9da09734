/*
 * stream.h - raw connections, for protocol fronts.  The plugin's conn handler
 * runs once for each connection; when it returns, what was written is flushed
 * and the connection is closed.
 *
 * Calls that wait return -ETIMEDOUT when the client has sent nothing for
 * stream.idle_timeout, or taken nothing of the output for stream.write_timeout,
 * and -ECANCELED once it is gone.  That it has shut down its side alone is the
 * end of the input only.  Where they need not wait they still let others run
 * after a share of bytes or time.
 *
 * Bytes that were read live until the next read of the task: a connection may
 * last for days, and its input must not pile up.
 */
#ifndef SKEP_STREAM_H
#define SKEP_STREAM_H

#include <skep/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Some bytes, at least one, at most max.  1, 0 at the end of the input, -errno.  Waits. */
int skep_read(struct skep_task *, size_t max, struct skep_str *out);

/*
 * One line without its ending (LF, or CR LF).  1, 0 at the end of the input,
 * -EMSGSIZE when it has more than max bytes, -errno.  Waits.
 */
int skep_read_line(struct skep_task *, size_t max, struct skep_str *out);

/* Exactly n bytes.  1, 0 at the end of the input before the first, -EPIPE in their middle, -errno.  Waits. */
int skep_read_exact(struct skep_task *, size_t n, struct skep_str *out);

/* Whether input is already here: lets a front gather its answers to pipelined requests. */
int skep_read_ready(struct skep_task *);

/* Copy to the output buffer, which is sent when the handler next waits.  Waits while it is full (stream.buffer_max). */
int skep_write(struct skep_task *, struct skep_str);

/* Send what is buffered now, waiting until the kernel has taken it. */
int skep_flush(struct skep_task *);

#ifdef __cplusplus
}
#endif
#endif
