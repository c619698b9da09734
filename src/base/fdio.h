/*
 * fdio.h - descriptors: whole reads and writes, flags, passing them on.
 *
 * All retry on EINTR.  Returns are 0 or -errno where nothing else is said.
 */
#ifndef BASE_FDIO_H
#define BASE_FDIO_H

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

int fdio_write_all(int fd, const void *, size_t n);
/* Exactly n bytes; -EPIPE when the input ends before. */
int fdio_read_all(int fd, void *, size_t n);

/*
 * A whole regular file (or memfd, from offset 0), at most max bytes, with a NUL
 * behind it (not counted): free() it.  -EFBIG over max, -EISDIR for a directory,
 * -EINVAL for what else is no regular file.
 */
int fdio_slurp(int fd, size_t max, char **data_out, size_t *len_out);
int fdio_slurp_path(const char *path, size_t max, char **data_out,
    size_t *len_out);

int fdio_set_nonblock(int fd, int on);
int fdio_set_cloexec(int fd, int on);

/* An anonymous file in memory, close-on-exec.  Descriptor, -errno. */
int fdio_memfd(const char *name);
/* A memfd that holds these bytes and can no longer be changed. */
int fdio_memfd_sealed(const char *name, const void *, size_t n);

/*
 * Move fd to the number to, closing what was there; fd is closed unless it is
 * the same.  The copy stays open over exec.
 */
int fdio_place(int fd, int to);
/* A copy with a number of at least min, close-on-exec.  Descriptor, -errno. */
int fdio_dup_above(int fd, int min);
/* Close all from first on but those n in keep (sorted upwards). */
void fdio_close_from(int first, const int *keep, size_t n);

/* close() and set to -1; -1 is fine. */
void fdio_close(int *fd);

/* What the kernel still holds of what was sent over a socket; -1: it does not say. */
int fdio_unsent(int sock);
/*
 * Whether the peer has taken any of it since *unsent was set, if nothing was
 * sent meanwhile; sets it anew.  That a socket can be written to tells less: it
 * waits until a third of the kernel's buffer is free, which takes a slow client
 * minutes.
 */
int fdio_taken(int sock, int *unsent);

/*
 * Send bytes with descriptors over a UNIX socket, without a signal for a broken
 * one.  Bytes sent, -EAGAIN, -errno.  The descriptors remain the caller's.
 */
ssize_t fdio_send(int sock, const void *, size_t n, const int *fds,
    size_t n_fds);
/* The same in n pieces, as one packet where the socket has packets. */
ssize_t fdio_sendv(int sock, struct iovec *, size_t n, const int *fds,
    size_t n_fds);
/*
 * Receive one packet with at most *n_fds descriptors, which become
 * close-on-exec and the caller's; *n_fds says how many came.  Bytes (0: the end
 * of file), -EAGAIN, -EMSGSIZE when the packet or its descriptors did not fit
 * (they are closed then), -errno.
 */
ssize_t fdio_recv(int sock, void *, size_t n, int *fds, size_t *n_fds);

#endif
